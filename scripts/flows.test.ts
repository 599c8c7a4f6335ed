import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { bodyOf, flowsOf, mentions } from "./flows.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const PAGE = "apps/docs/guides/two-ways-through-the-code.md";
const page = readFileSync(join(root, PAGE), "utf8");
const flows = flowsOf(page);

const sourceOf = (file: string) =>
  existsSync(join(root, file)) ? readFileSync(join(root, file), "utf8") : "";

describe(`${PAGE} is true`, () => {
  it("has ways to hold it to", () => {
    expect(flows.map((flow) => flow.length)).toEqual([6, 9, 4, 6, 10, 5, 14]);
  });

  it.each(flows.flat())("line $line: $file has $name", ({ file, name, line }) => {
    const body = bodyOf(sourceOf(file), name);
    expect(body, `${PAGE}:${line}: ${name} is not in ${file}: say where it is now`).toBeDefined();
  });

  const calls = flows.flatMap((flow) => flow.slice(1).map((callee, i) => ({ caller: flow[i], callee })));
  it.each(calls)("$caller.name goes on to $callee.name", ({ caller, callee }) => {
    if (caller === undefined) throw new Error("a way has no first step");
    const body = bodyOf(sourceOf(caller.file), caller.name) ?? "";
    const where = `${PAGE}:${callee.line}: ${caller.name} of ${caller.file} does not mention ${callee.name}`;
    expect(mentions(body, callee.name), where).toBe(true);
  });

  it("names folders and files that are there", () => {
    const [, table = ""] = page.split("## Where to change what");
    const paths = [...table.matchAll(/`((?:packages|apps)\/[^`]+)`/g)].map((match) => match[1] ?? "");
    expect(paths.length).toBeGreaterThan(8);
    expect(paths.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });
});

describe("a page that is not true is found", () => {
  const source = [
    "/** calls lost() */",
    "export function* first(a: number): Steps<void> {",
    '  second("third()");',
    "}",
    "",
    "class C {",
    "  #hidden(x: () => void): void {",
    "    first(1); // fourth()",
    "  }",
    "",
    "  other(): void {}",
    "}",
    "const ROWS: readonly Row[] = [",
    "  last,",
    "];",
  ].join("\n");

  it("by a name that is not defined there", () => {
    expect(bodyOf(source, "second")).toBeUndefined();
    expect(bodyOf(source, "hidden")).toBeUndefined();
    expect(bodyOf(source, "#hidden")).toBeDefined();
  });

  it("by a call that is not made, or made by the next function", () => {
    expect(mentions(bodyOf(source, "first") ?? "", "second")).toBe(true);
    expect(mentions(bodyOf(source, "first") ?? "", "lost")).toBe(false);
    expect(mentions(bodyOf(source, "first") ?? "", "hidden")).toBe(false);
    expect(mentions(bodyOf(source, "#hidden") ?? "", "first")).toBe(true);
    expect(mentions(bodyOf(source, "#hidden") ?? "", "fourth")).toBe(false);
    expect(mentions(bodyOf(source, "#hidden") ?? "", "other")).toBe(false);
    expect(mentions(bodyOf(source, "ROWS") ?? "", "last")).toBe(true);
  });

  it("by the page's lists", () => {
    const text = "1. `a` in `x.ts` does.\n2. `#b` in `y.ts` does.\n\n1. `c` in `z.ts` is.\n1. none\n";
    expect(flowsOf(text)).toEqual([
      [
        { name: "a", file: "x.ts", line: 1 },
        { name: "#b", file: "y.ts", line: 2 },
      ],
      [{ name: "c", file: "z.ts", line: 4 }],
    ]);
  });
});
