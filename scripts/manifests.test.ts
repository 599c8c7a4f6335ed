import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseWorkflow, type TraceWriter } from "@actions/workflow-parser";
import { describe, expect, it } from "vitest";
import { OLDEST_TYPESCRIPT } from "./e2e/oldest-typescript.ts";
// @ts-expect-error: a script without types
import { outdated, publishedFolders } from "./manifests.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const workflows = join(root, ".github", "workflows");

describe("what published packages say alike", () => {
  it("stands in the root's package.json, and is written from there (npm run manifests)", () => {
    expect((outdated() as { file: string }[]).map(({ file }) => file)).toEqual([]);
  });

  it("names the oldest TypeScript, which npm run e2e tries, in every package's README", () => {
    for (const dir of publishedFolders() as string[]) {
      const readme = readFileSync(join(dir, "README.md"), "utf8");
      expect(readme, dir).toContain(`TypeScript ${OLDEST_TYPESCRIPT} and newer`);
    }
  });

  it("is said by more than one package", () => {
    expect(publishedFolders().length).toBeGreaterThan(5);
  });
});

describe("workflows", () => {
  const trace: TraceWriter = { error() {}, info() {}, verbose() {} };
  const problems = (name: string, content: string): string[] =>
    parseWorkflow({ name, content }, trace)
      .context.errors.getErrors()
      .map(({ message }) => message);

  it.each(readdirSync(workflows))("%s is one", (name) => {
    const content = readFileSync(join(workflows, name), "utf8");
    expect(problems(name, content)).toEqual([]);
    for (const [, ref] of content.matchAll(/uses: \S+@(\S+)/g)) expect(ref).toMatch(/^[0-9a-f]{40}$/);
  });

  it("are read by something that finds a mistake", () => {
    expect(problems("x.yml", "on: push\njobs:\n  a:\n    runs-onn: x\n")).not.toEqual([]);
  });
});
