import { describe, expect, it } from "vitest";
import { Marks } from "../src/index.ts";

describe("marks", () => {
  it("are at the places that were named, of those that are there", () => {
    const marks = new Marks();
    marks.set([], 100);
    expect(marks.has(0)).toBe(false);
    marks.set([0, 31, 32, 99, 100, 4096], 100);
    const marked = Array.from({ length: 130 }, (_, i) => i).filter((i) => marks.has(i));
    expect(marked).toEqual([0, 31, 32, 99]);
  });
});
