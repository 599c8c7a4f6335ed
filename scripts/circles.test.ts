import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { circles } from "./circles.ts";
import { importsOf } from "./source-rules.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What the files of a folder import of each other, types included. */
function importsIn(folder: string): Map<string, readonly string[]> {
  const src = join(root, folder, "src");
  if (!existsSync(src)) return new Map();
  const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) =>
    name.endsWith(".ts"),
  );
  return new Map(
    files.map((name) => {
      const file = name.replaceAll("\\", "/");
      const own = importsOf(readFileSync(join(src, name), "utf8")).filter((path) => path.startsWith("."));
      return [file, own.map((path) => posix.normalize(posix.join(dirname(file), path)))];
    }),
  );
}

describe("files import each other in no circle", () => {
  const folders = [...readdirSync(join(root, "packages")).map((name) => `packages/${name}`), "apps/bench"];

  it.each(folders)("%s", (folder) => {
    expect(circles(importsIn(folder))).toEqual([]);
  });

  it("has imports to judge", () => {
    expect([...importsIn("packages/gpuvm-core").values()].flat().length).toBeGreaterThan(50);
  });
});

describe("circles", () => {
  const of = (lines: Record<string, string[]>) => circles(new Map(Object.entries(lines)));

  it("are found, each once, with all that belongs to them", () => {
    expect(of({ a: ["b"], b: ["c"], c: ["a", "d"], d: ["e"], e: [] })).toEqual([["a", "b", "c"]]);
    expect(of({ a: ["b", "c"], b: ["a"], c: ["d"], d: ["c"] })).toEqual([
      ["a", "b"],
      ["c", "d"],
    ]);
    expect(of({ a: ["a"] })).toEqual([["a"]]);
  });

  it("are not where imports only go down", () => {
    expect(of({ a: ["b", "c"], b: ["d"], c: ["d"], d: [] })).toEqual([]);
  });
});
