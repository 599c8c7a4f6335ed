import { execFile } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";

const run = promisify(execFile);

/** The oldest TypeScript that reads the packages' declarations, as README.md says. */
export const OLDEST_TYPESCRIPT = "5.4";

/** What a program's own compiler is told; libraries are looked at, too. */
const FLAGS = [
  ...["--noEmit", "--strict", "--skipLibCheck", "false", "--target", "es2022", "--lib", "es2023"],
  ...["--module", "nodenext", "--moduleResolution", "nodenext", "--types", "node"],
];

/** Compiles, with the oldest TypeScript, a program that uses every package in `app`, where they are installed, below the command. */
export async function compileWithOldest(app: string, packages: readonly string[]): Promise<void> {
  const tools = [`typescript@${OLDEST_TYPESCRIPT}`, "@types/node@20"];
  await run("npm", ["install", "--no-save", "--no-audit", "--no-fund", ...tools], { cwd: app });
  const entries = [...packages, "@gpuvm/core/undo", "@gpuvm/explorer/transform"];
  const imports = entries.map((name, i) => `import * as p${i} from "${name}";\nexport { p${i} };\n`);
  const uses = [
    `import { EINVAL, type Errno, type Gpuva } from "@gpuvm/core";`,
    `export const fine: Errno = -EINVAL;`,
    `// @ts-expect-error an errno is negated`,
    `export const positive: Errno = EINVAL;`,
    `// @ts-expect-error a VA comes from the core`,
    `export const made: Gpuva = 7;`,
    `// @ts-expect-error what is internal does not ship`,
    `p0.DrmGpuvm.prototype.promote();`,
  ];
  writeFileSync(join(app, "consumer.mts"), [...imports, ...uses].join("\n"));
  const tsc = join(app, "node_modules", "typescript", "bin", "tsc");
  await run(process.execPath, [tsc, ...FLAGS, "consumer.mts"], { cwd: app }).catch((error) => {
    throw new Error(`TypeScript ${OLDEST_TYPESCRIPT} does not compile it:\n${error.stdout}`);
  });
}
