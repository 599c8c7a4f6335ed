import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Mutant } from "./mutation/operators.ts";
import { assertPlaced, misplaced } from "./mutation/places.ts";
import { PLANTED } from "./mutation/planted/index.ts";
import { TABLES } from "./mutation/policies/tables.ts";

function sourceIn(folder: string): (mutant: Mutant) => string | null {
  return ({ file }) => {
    const path = fileURLToPath(new URL(`../packages/${folder}${file}`, import.meta.url));
    return existsSync(path) ? readFileSync(path, "utf8") : null;
  };
}

function inSource(find: string, replace: string): Mutant {
  return { file: "a.ts", what: "it is odd", find, replace };
}

const SOURCE = "let a: number = 1;\nlet b: number = 1;\n";

describe("a mistake that is planted for the tests and scenarios to find", () => {
  it("has its place in the core", () => {
    expect(PLANTED.length).toBeGreaterThan(0);
    expect(misplaced(PLANTED, sourceIn("gpuvm-core/src/"))).toEqual([]);
  });

  it.each(TABLES.map(([name, mutants]) => [name, mutants] as const))("has its place: %s", (_, mutants) => {
    expect(mutants.length).toBeGreaterThan(0);
    expect(misplaced(mutants, sourceIn(""))).toEqual([]);
  });

  it.each([
    ["is gone", inSource("let c", "let d"), "the file has 0 times"],
    ["is there twice", inSource("number = 1", "number = 2"), "the file has 2 times"],
    ["stays", inSource("let a", "let a"), "it changes nothing"],
    ["leaves what cannot be read", inSource("let a", "let let"), "cannot be read"],
  ])("is named if its text %s", (_, mutant, why) => {
    const [line] = misplaced([mutant], () => SOURCE);
    expect(line).toContain('a.ts, "it is odd"');
    expect(line).toContain(why);
  });

  it("is named if its file is gone, with all others before the first is tried", () => {
    const all = [inSource("let a", "let d"), inSource("let b", "let d")];
    expect(misplaced(all, () => SOURCE)).toEqual([]);
    expect(() => assertPlaced(all, () => null)).toThrow(
      /^2 of 2 mistakes .*(\n {2}a\.ts, .*no such file){2}$/,
    );
  });
});
