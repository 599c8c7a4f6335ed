/** Builds the library that is preloaded, once, into a cache. */
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { RecordError } from "./record-error.ts";

const NATIVE = fileURLToPath(new URL("../../native/", import.meta.url));
const FLAGS = ["-shared", "-fPIC", "-O2", "-std=gnu11", "-fvisibility=hidden", "-pthread"];

/** Where libraries are kept that were built: `$XDG_CACHE_HOME/gpuvm` or `~/.cache/gpuvm`. */
export function cacheFolder(env: NodeJS.ProcessEnv = process.env): string {
  const base = env["XDG_CACHE_HOME"];
  return join(base === undefined || base === "" ? join(homedir(), ".cache") : base, "gpuvm");
}

/** The system's C compiler: `$CC`, else `cc`. */
export function compiler(env: NodeJS.ProcessEnv = process.env): string {
  const cc = env["CC"];
  return cc === undefined || cc === "" ? "cc" : cc;
}

/** Why no library can be built or used here; undefined where it can. */
export function cannotRecord(env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (process.platform !== "linux") return "programs are recorded on Linux only";
  const found = spawnSync(compiler(env), ["--version"], { stdio: "ignore" });
  return found.status === 0
    ? undefined
    : `there is no C compiler "${compiler(env)}": the recorder is a small C library that is built once; install gcc or clang (Debian: apt install gcc libc6-dev; Fedora: dnf install gcc), or name one in CC`;
}

/** A library whose sources lie in `folder`; built where the cache does not have it. */
export function buildShared(
  folder: string,
  name: string,
  cache: string,
  env: NodeJS.ProcessEnv = process.env,
  include: readonly string[] = [],
): string {
  const sources = readdirSync(folder)
    .filter((file) => file.endsWith(".c"))
    .sort();
  const hash = createHash("sha256").update([process.arch, compiler(env), ...FLAGS].join(" "));
  for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" }).sort())
    if (/\.[ch]$/.test(file)) hash.update(file).update(readFileSync(join(folder, file)));
  const library = join(cache, `${name}-${hash.digest("hex").slice(0, 16)}.so`);
  if (existsSync(library)) return library;
  const why = cannotRecord(env);
  if (why !== undefined) throw new RecordError(why);
  mkdirSync(cache, { recursive: true });
  // Under another name first: two that start at once must not see half a library.
  const partial = `${library}.${process.pid}`;
  const paths = include.flatMap((path) => ["-I", path]);
  const args = [...FLAGS, ...paths, "-idirafter", join(NATIVE, "shim"), "-o", partial, ...sources, "-ldl"];
  const built = spawnSync(compiler(env), args, { cwd: folder, encoding: "utf8" });
  if (built.status !== 0) {
    rmSync(partial, { force: true });
    throw new RecordError(
      `the recorder could not be built with ${compiler(env)}; it needs the headers of the C library and of Linux (Debian: libc6-dev):\n${built.stderr ?? ""}`.trimEnd(),
    );
  }
  renameSync(partial, library);
  return library;
}

/**
 * The library to preload. Built by the system's `cc` the first time, and again when its sources change.
 *
 * @throws RecordError where there is no compiler, or it fails.
 */
export function buildLibrary(cache: string = cacheFolder(), env: NodeJS.ProcessEnv = process.env): string {
  return buildShared(NATIVE, "record", cache, env);
}
