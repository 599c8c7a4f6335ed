/** Runs every example of the docstrings; `expression; // value` must have that value. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const src = fileURLToPath(new URL("../src/", import.meta.url));
const index = new URL("../src/index.ts", import.meta.url).href;

interface Example {
  readonly file: string;
  readonly code: string;
}

function examples(): Example[] {
  return readdirSync(src, { recursive: true, encoding: "utf8" })
    .filter((f) => f.endsWith(".ts"))
    .flatMap((file) => {
      const text = readFileSync(join(src, file), "utf8");
      return [...text.matchAll(/\* ```ts\n([\s\S]*?)\* ```/g)].map((m) => ({
        file,
        code: (m[1] ?? "").replaceAll(/^\s*\* ?/gm, ""),
      }));
    });
}

/** `expression; // value` becomes a comparison. */
function withChecks(code: string): string {
  return code
    .replaceAll("@gpuvm/trace/node", index.replace("index.ts", "node/index.ts"))
    .replaceAll('@gpuvm/trace"', `${index}"`)
    .replaceAll(/^(?!\s*(?:import|const|let|for|\/\/))(.+); \/\/ (.+)$/gm, "assert.deepStrictEqual($1, $2);")
    .replaceAll(/^(for .+\)) (.+); \/\/ (.+)$/gm, "$1 assert.deepStrictEqual($2, $3);");
}

test("there are examples, and some state a value", () => {
  const checked = examples()
    .map((e) => withChecks(e.code))
    .filter((c) => c.includes("assert."));
  expect(examples().length).toBeGreaterThan(8);
  expect(checked.length).toBeGreaterThan(5);
});

test.each(examples())(
  "the example in $file",
  ({ code }) => {
    const dir = mkdtempSync(join(tmpdir(), "gpuvm-example-"));
    try {
      const path = join(dir, "example.ts");
      writeFileSync(path, `import assert from "node:assert/strict";\n${withChecks(code)}`);
      execFileSync(process.execPath, ["--conditions=@gpuvm/source", path], { stdio: "pipe" });
    } finally {
      rmSync(dir, { recursive: true });
    }
  },
  30_000,
);
