import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { docExamples, pageExamples } from "./doc-examples.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const packageNames = readdirSync(join(root, "packages"));
const examples = packageNames.flatMap((name) =>
  readdirSync(join(root, "packages", name, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .flatMap((file) => {
      const path = `packages/${name}/src/${file.replaceAll("\\", "/")}`;
      return docExamples(path, readFileSync(join(root, path), "utf8"));
    }),
);
const pages = ["README.md", ...packageNames.map((name) => `packages/${name}/README.md`)].flatMap((path) =>
  pageExamples(path, readFileSync(join(root, path), "utf8")),
);
const programs = [...examples, ...pages].map((example, i) => ({
  ...example,
  where: `${example.file}:${example.line}`,
  name: `e${i}.ts`,
}));

describe("examples in docstrings and READMEs", () => {
  const dir = mkdtempSync(join(tmpdir(), "gpuvm-examples-"));

  beforeAll(() => {
    // What a program that uses all packages finds.
    symlinkSync(join(root, "apps", "bench", "node_modules"), join(dir, "node_modules"));
    writeFileSync(join(dir, "package.json"), `{ "type": "module" }`);
    const compilerOptions = {
      ...{ composite: false, incremental: false, noEmit: true, isolatedDeclarations: false },
      ...{ declaration: false, declarationMap: false, types: ["node"], lib: ["es2023", "dom"] },
      // `strict`, as most programs have it, and not more.
      ...{ noUncheckedIndexedAccess: false, noPropertyAccessFromIndexSignature: false },
    };
    const config = { extends: join(root, "tsconfig.base.json"), compilerOptions, include: ["*.ts"] };
    writeFileSync(join(dir, "tsconfig.json"), JSON.stringify(config));
    for (const { name, code } of programs) writeFileSync(join(dir, name), code);
  });

  afterAll(() => rmSync(dir, { recursive: true }));

  it("are there", () => expect(programs.length).toBeGreaterThan(5));

  it("compile", () => {
    const { stdout } = spawnSync(`tsc -p "${dir}"`, { encoding: "utf8", shell: true });
    const named = stdout.replace(/^.*?\b(e\d+\.ts)/gm, (all, name: string) => {
      return programs.find((p) => p.name === name)?.where ?? all;
    });
    expect(named).toBe("");
  });

  it.each(programs)("$where runs, and what it asserts holds", async ({ name }) => {
    const explores = programs.some((p) => p.name === name && /\bshortest\b|\bsearch\b/.test(p.code));
    const register = join(root, "packages", "explorer", "src", "node", "register.ts");
    const flags = [
      "--conditions=@gpuvm/source",
      ...(explores ? ["--no-warnings", "--import", register] : []),
    ];
    const run = await promisify(execFile)(process.execPath, [...flags, name], {
      cwd: dir,
    });
    expect(run.stderr).toBe("");
  });
});

describe("finding examples", () => {
  it("takes the TypeScript blocks of a page, with their lines", () => {
    const page = "# A\n\n```ts\na();\n```\n\n    indented();\n\n```sh\nnot this\n```\n```ts\nb();\n```\n";
    expect(pageExamples("p.md", page)).toEqual([
      { file: "p.md", line: 4, code: "a();\n" },
      { file: "p.md", line: 13, code: "b();\n" },
    ]);
  });

  it("takes the blocks behind @example, with their lines", () => {
    const source = [
      "/**",
      " * ```ts",
      " * not(this);",
      " * ```",
      " * @example",
      " * ```ts",
      " * a(",
      " *   1);",
      " * ```",
      " * ```ts",
      " * b();",
      " * ```",
      " * @returns x",
      " * ```ts",
      " * c();",
      " * ```",
      " */",
      "f();",
    ].join("\n");
    expect(docExamples("f.ts", source)).toEqual([
      { file: "f.ts", line: 7, code: "a(\n  1);\n" },
      { file: "f.ts", line: 11, code: "b();\n" },
    ]);
  });

  it("fails for an assertion that does not hold", () => {
    const { stderr } = spawnSync(process.execPath, ["-e", "console.assert(1 === 2)"], { encoding: "utf8" });
    expect(stderr).toContain("Assertion failed");
  });
});
