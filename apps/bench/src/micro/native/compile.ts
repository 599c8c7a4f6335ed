import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { UsageError } from "@gpuvm/drm-model";

const SOURCE = fileURLToPath(new URL("../../../native/yardstick.cpp", import.meta.url));
const FLAGS = ["-O2", "-std=c++17"];

/** A program that was compiled into a folder of its own. */
export interface Compiled {
  readonly program: string;
  /** Takes the folder away. */
  readonly remove: () => void;
}

/** The compiler: what `CXX` names, else `g++`. */
export function compilerName(env: NodeJS.ProcessEnv = process.env): string {
  return env["CXX"] || "g++";
}

/**
 * Compiles the yardstick into a temporary folder.
 *
 * @throws UsageError if there is no compiler, or it refuses the source
 */
export async function compileYardstick(compiler: string = compilerName()): Promise<Compiled> {
  const folder = mkdtempSync(join(tmpdir(), "gpuvm-yardstick-"));
  const remove = (): void => rmSync(folder, { recursive: true, force: true });
  const program = join(folder, "yardstick");
  try {
    await compile(compiler, [...FLAGS, SOURCE, "-o", program]);
  } catch (e) {
    remove();
    throw e;
  }
  return { program, remove };
}

async function compile(compiler: string, args: readonly string[]): Promise<void> {
  const child = spawn(compiler, args, { stdio: ["ignore", "ignore", "pipe"] });
  let told = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    told += text;
  });
  let code: number | null;
  try {
    [code] = (await once(child, "close")) as [number | null];
  } catch (e) {
    const cause = (e as NodeJS.ErrnoException).code;
    const why = cause === "ENOENT" ? "is not there" : `cannot be started (${cause})`;
    throw new UsageError(
      `--native needs a C++ compiler, and ${compiler} ${why}: install g++, or name another in the variable CXX`,
    );
  }
  if (code === 0) return;
  const first =
    told.split("\n").find((line) => line.includes("error")) ?? `it ended with ${code ?? "a signal"}`;
  throw new UsageError(`--native: ${compiler} did not compile ${SOURCE}: ${first}`);
}
