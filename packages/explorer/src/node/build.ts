import { cpSync, globSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { isExplored } from "../transform/explored.ts";
import { transformed } from "./hook.ts";

/** Makes `dist-explore` of a package's `dist`: the same modules, as they run while schedules are explored. */
function build(folder: string): void {
  const from = join(folder, "dist");
  const to = join(folder, "dist-explore");
  rmSync(to, { recursive: true, force: true });
  cpSync(from, to, { recursive: true, filter: (file) => !/\.(?:map|tsbuildinfo|d\.ts)$/.test(file) });
  for (const path of globSync("**/*.js", { cwd: to })) {
    const file = join(from, path);
    const text = readFileSync(file, "utf8").replace(/^\/\/# sourceMappingURL=.*$/m, "");
    writeFileSync(join(to, path), isExplored(file) ? transformed(text, file) : text);
  }
}

build(resolve(process.argv[2] ?? "."));
