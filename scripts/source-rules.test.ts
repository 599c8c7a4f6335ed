import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import {
  forbiddenImports,
  importsOf,
  namedDrivers,
  nodeOutsideItsFolder,
  nondeterminism,
  type SourceFile,
} from "./source-rules.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const folders = [...readdirSync(join(root, "packages")).map((name) => `packages/${name}`), "apps/bench"];
const files = folders.flatMap(sourceFiles);

function sourceFiles(folder: string): SourceFile[] {
  const dir = join(root, folder);
  if (!existsSync(join(dir, "src"))) return [];
  const owner = (JSON.parse(readFileSync(join(dir, "package.json"), "utf8")) as { name: string }).name;
  return readdirSync(join(dir, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `src/${name.replaceAll("\\", "/")}`)
    .map((path) => ({ owner, path, text: readFileSync(join(dir, path), "utf8") }));
}

function violations(rule: (file: SourceFile) => string[]): string[] {
  return files.flatMap((file) => rule(file).map((what) => `${file.owner} ${file.path}: ${what}`));
}

function planted(owner: string, text: string, path = "src/index.ts"): SourceFile {
  return { owner, path, text };
}

describe("imports go down only", () => {
  it("holds for every source file", () => {
    expect(violations(forbiddenImports)).toEqual([]);
  });

  it("has imports to judge", () => {
    expect(files.flatMap(({ text }) => importsOf(text)).length).toBeGreaterThan(0);
  });

  it.each([
    ["@gpuvm/core", `import { x } from "@gpuvm/drm-model";`],
    ["@gpuvm/core", `import { readFileSync } from "node:fs";`],
    ["@gpuvm/drm-model", `export type { T } from "@gpuvm/explorer";`],
    ["@gpuvm/policy-xe", `import "@gpuvm/policy-msm";`],
    ["@gpuvm/policy-msm", `import * as kit from "@gpuvm/policy-testkit";`],
    ["@gpuvm/explorer", `const later = await import("@gpuvm/trace");`],
    ["@gpuvm/trace", `import { x } from "../../drm-model/src/request.ts";`],
    ["@gpuvm/bench", `import {\n  x,\n} from "../../../packages/trace/src/index.ts";`],
    ["@gpuvm/results", `import { xe } from "@gpuvm/policy-xe";`],
    ["@gpuvm/drm-model", `import { subjects } from "@gpuvm/drivers";`],
    ["@gpuvm/study", `import { x } from "@gpuvm/results";`],
    ["@gpuvm/drivers", `import { x } from "@gpuvm/policy-testkit";`],
    ["@gpuvm/trace", `const glob = "**/*"; import { y } from "@gpuvm/bench";`],
  ])("catches a planted import in %s: %s", (owner, text) => {
    expect(forbiddenImports(planted(owner, text))).toHaveLength(1);
  });

  it.each([
    ["@gpuvm/policy-xe", `import { x } from "@gpuvm/core";`],
    ["@gpuvm/policy-xe", `import type { x } from "@gpuvm/conformance";`],
    ["@gpuvm/drm-model", `/** @example import { x } from "@gpuvm/explorer"; */`],
    ["@gpuvm/trace", `import { x } from "../other.ts";`],
    ["@gpuvm/bench", `import { x } from "@gpuvm/policy-msm";`],
    ["@gpuvm/drivers", `import { x } from "@gpuvm/policy-msm";`],
  ])("lets %s have %s", (owner, text) => {
    expect(forbiddenImports(planted(owner, text, "src/deep/file.ts"))).toEqual([]);
  });
});

describe("only a driver's package names the driver", () => {
  it("holds for every source file", () => {
    expect(violations(namedDrivers)).toEqual([]);
  });

  it.each([
    "const a = 'msm';",
    "function nouveauBind() {}",
    "isXeVm()",
    "XeVm",
    "`xe`",
    "xe_vm_bind()",
    "PANTHOR_BO",
  ])("catches %s", (text) => {
    expect(namedDrivers(planted("@gpuvm/core", text))).not.toEqual([]);
    expect(namedDrivers(planted("@gpuvm/policy-xe", text))).toEqual([]);
  });

  it.each(["const mutexed = exec();", "// msm does this", "/* as xe_vma_destroy_late */", "fixed", "xenon"])(
    "lets %s pass",
    (text) => {
      expect(namedDrivers(planted("@gpuvm/core", text))).toEqual([]);
    },
  );
});

describe("packages know nothing of Node but in src/node", () => {
  it("holds for every source file", () => {
    expect(violations(nodeOutsideItsFolder)).toEqual([]);
  });

  it.each([
    `import { readFileSync } from "node:fs";`,
    "Buffer.from(x)",
    "process.platform",
    "globalThis.process.env",
  ])("catches %s", (text) => {
    expect(nodeOutsideItsFolder(planted("@gpuvm/trace", text))).toHaveLength(1);
    expect(nodeOutsideItsFolder(planted("@gpuvm/trace", text, "src/node/index.ts"))).toEqual([]);
  });
});

it("a process of the model is none of Node's", () => {
  for (const text of [`import { Process } from "./process.ts";`, "file.process.gone = true;"])
    expect(nodeOutsideItsFolder(planted("@gpuvm/trace", text))).toEqual([]);
});

describe("packages are deterministic", () => {
  it("holds for every source file", () => {
    expect(violations(nondeterminism)).toEqual([]);
  });

  it.each(["Date.now()", "Math.random()", "new Date()", "performance.now()"])("catches %s", (text) => {
    expect(nondeterminism(planted("@gpuvm/explorer", text))).toEqual([text.replace(/(?<=[wm])\(\)$/, "")]);
  });
});
