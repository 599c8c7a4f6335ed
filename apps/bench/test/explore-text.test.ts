import { describe, expect, it } from "vitest";
import { exploreText } from "../src/format/explore-text.ts";

type Explored = Parameters<typeof exploreText>[0][number];

const RESULT: Explored["result"] = {
  ...{ method: "bfs", findings: [], states: 1234, transitions: 5678, steps: 9, runs: 2, depth: 3, level: 1 },
  ...{ bound: null, unreached: [], bytes: 0 },
};

function leak(of: string, scenario: string, steps: number): Explored["shown"][number] {
  const table = `the story of ${scenario}\n\nviolated: leak: there is left: 1 BOs (${of})\n`;
  const key = `leak: there is left: # BOs (${of})`;
  return { key, token: `mine/${scenario}@a1`, steps, table, perfetto: "", others: [] };
}

function explored(name: string, shown: Explored["shown"] = [], result = RESULT): Explored {
  const findings = shown.map(({ key }) => ({ key, violation: { kind: "leak", message: key }, schedule: [] }));
  return { name: `mine/${name}`, result: { ...result, findings }, shown, allow: {} };
}

const lastLine = (text: string) => text.trimEnd().split("\n\n").at(-1)?.replaceAll("\n", " ");

describe("what was explored", () => {
  it("says what was not looked for, why, and where", () => {
    const allow = { "gpu-fault": "the program unmaps what its own work uses" };
    const some = [{ ...explored("a"), allow }, explored("b"), { ...explored("c"), allow }];
    expect(exploreText(some, 200)).toMatch(
      /^allowed: gpu-fault, as the program unmaps what .* uses: in a, c$/m,
    );
  });

  it("tells one cause once, by the shortest story that has a step, and names the scenarios that show it", () => {
    const text = exploreText(
      [
        explored("a", [leak("va#1", "a", 0)]),
        explored("b", [leak("va#1, va#2", "b", 2)]),
        explored("c", [leak("va#1", "c", 1)]),
        explored("d"),
      ],
      100,
    );
    expect(text.match(/the story of ./g)).toEqual(["the story of c"]);
    expect(text).toContain("in 3 scenarios: a, b, c");
    expect(text).toContain("replay: mine/c@a1");
    expect(lastLine(text)).toBe("One thing was found in 3 of 4 scenarios; every schedule was gone through.");
  });

  it("ends with a sentence that says what was not gone through, or not reached", () => {
    const stopped = explored("a", [], { ...RESULT, bound: "50 steps" });
    const vain = explored("b", [], { ...RESULT, unreached: ["a vm_bind that is not refused"] });
    expect(lastLine(exploreText([explored("c")], 100))).toBe(
      "Nothing was found in the scenario; every schedule was gone through.",
    );
    expect(lastLine(exploreText([stopped, vain], 100))).toBe(
      "Nothing was found in 2 scenarios; 1 search stopped before the end, so there may be more; 1 scenario never reached what it is about.",
    );
    expect(exploreText([vain], 100)).toContain("b: never reached: a vm_bind that is not refused");
  });

  it.each([60, 80, 100])("fits %i columns, and says what was left out for that", (width) => {
    const long = explored("a-long-name", [leak("va#1", "a", 1)]);
    const text = exploreText([long, explored("b")], width);
    expect(text.split("\n").filter((line) => line.length > width)).toEqual([]);
    expect(text).toContain("1,234");
    expect(text.includes("left out, as 60 columns hold no more:")).toBe(width === 60);
  });
});
