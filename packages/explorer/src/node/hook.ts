import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import module from "node:module";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { isExplored, nameOf } from "../transform/explored.ts";
import { transform } from "../transform/transform.ts";

/** A module's text as the explorer runs it, if it is one of those that it explores; the transformed text is kept on disk. */
export function transformed(source: string, file: string): string {
  const name = nameOf(file);
  const key = createHash("sha256").update(VERSION).update(name).update(source).digest("hex").slice(0, 32);
  const kept = join(cache, `${key}.js`);
  if (existsSync(kept)) return readFileSync(kept, "utf8");
  const code = transform(/\.[cm]?ts$/.test(file) ? module.stripTypeScriptTypes(source) : source, name);
  // Several threads may come to the same module at once: each moves a whole file into its place.
  mkdirSync(cache, { recursive: true });
  const own = mkdtempSync(join(cache, "part-"));
  writeFileSync(join(own, "code"), code);
  renameSync(join(own, "code"), kept);
  rmSync(own, { recursive: true });
  return code;
}

const here = fileURLToPath(new URL("../transform/", import.meta.url));
const VERSION = ["babel", "captures", "frames", "liveness", "loops", "private-fields", "transform", "writes"]
  .map((part) => readFileSync(join(here, part + (import.meta.url.endsWith(".ts") ? ".ts" : ".js")), "utf8"))
  .join("");
const cache = join(tmpdir(), `gpuvm-explore-${userInfo().username}`);

/** From now on modules are transformed as they are loaded, but those of other people's packages. */
export function register(): void {
  if (typeof module.registerHooks !== "function")
    throw new Error(
      `code is transformed as it is loaded by Node 22.15 and newer; this is ${process.version}`,
    );
  module.registerHooks({
    load(url, context, next) {
      if (!url.startsWith("file:") || !isExplored(fileURLToPath(url))) return next(url, context);
      const file = fileURLToPath(url);
      return { format: "module", source: transformed(readFileSync(file, "utf8"), file), shortCircuit: true };
    },
  });
}
