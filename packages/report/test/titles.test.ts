import { describe, expect, it } from "vitest";
import { keptTitle, leftTitle, rangeTitle } from "../src/titles.ts";

const figures = (values: Readonly<Record<string, number>>) =>
  Object.entries(values).map(([name, value]) => ({ name, value }));
const show = (n: number) => `${n} B`;

describe("what is kept", () => {
  const kept = (values: Readonly<Record<string, number>>) => keptTitle(figures(values), show, "too long");

  it("names everybody, ties together", () => {
    expect(kept({ a: 7, b: 0, c: 7, d: 3 })).toBe(
      "a and c keep up to 7 B too long; d up to 3 B; b keeps nothing",
    );
  });

  it("does not say that somebody keeps something where nobody does", () => {
    expect(kept({ a: 0, b: 0 })).toBe("No policy keeps anything too long");
    expect(kept({})).toBe("No policy keeps anything too long");
  });

  it("does not compare one with itself", () => {
    expect(kept({ a: 5 })).toBe("a keeps up to 5 B too long");
    expect(kept({ a: 5, b: 5 })).toBe("Every policy keeps up to 5 B too long");
  });
});

describe("from the greatest to the least", () => {
  const range = (values: Readonly<Record<string, number>>) =>
    rangeTitle(figures(values), (n) => `Up to ${n} at once`, String);

  it("says both ends with everybody at them", () => {
    expect(range({ a: 9, b: 2, c: 9 })).toBe("Up to 9 at once under a and c; 2 under b");
    expect(range({ a: 9, b: 2, c: 4 })).toBe("Up to 9 at once under a; least, 2 under b");
  });

  it("one row, or all the same", () => {
    expect(range({ a: 3 })).toBe("Up to 3 at once");
    expect(range({ a: 3, b: 3 })).toBe("Up to 3 at once under every policy");
    expect(range({ a: 0, b: 0 })).toBe("Up to 0 at once under every policy");
  });
});

describe("what is left", () => {
  const left = (name: string, bos: number, vms: number, hazards: number) => ({ name, bos, vms, hazards });
  const title = (...rows: ReturnType<typeof left>[]) => leftTitle(rows, String);

  it("tells objects from hazards", () => {
    expect(title(left("a", 3, 1, 0), left("b", 0, 0, 9))).toBe(
      "a leaves 3 buffers and 1 VM behind; b ran into 9 hazards",
    );
    expect(title(left("b", 0, 0, 1))).toBe("Nothing is left behind; b ran into 1 hazard");
    expect(title(left("b", 0, 2, 0))).toBe("b leaves 2 VMs behind; no hazard was met");
  });

  it("says nothing of the kind where nothing is", () => {
    expect(title(left("a", 0, 0, 0), left("b", 0, 0, 0))).toBe(
      "Nothing is left behind under any policy, and no hazard was met",
    );
  });
});
