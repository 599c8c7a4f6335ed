import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { stripTypeScriptTypes } from "node:module";
import { dirname, join, resolve } from "node:path";
import { straight } from "../transform/straight.ts";

/** The model, of which each module has its copy: what else a package uses is linked as it is. */
const MODEL = /"(@gpuvm\/(?:core|drm-model|policy-[\w-]+))"/g;

/** Makes `dist-straight` of a package's sources: the same modules, with calls as plain functions. */
function build(folder: string): void {
  const from = join(folder, "src");
  const to = join(folder, "dist-straight");
  rmSync(to, { recursive: true, force: true });
  for (const path of globSync("**/*.ts", { cwd: from })) {
    const text = stripTypeScriptTypes(straight(readFileSync(join(from, path), "utf8")));
    const out = join(to, path.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(out), { recursive: true });
    writeFileSync(out, text.replace(MODEL, '"$1/straight"').replace(/(from "\.[^"]*)\.ts"/g, '$1.js"'));
  }
}

build(resolve(process.argv[2] ?? "."));
