import { describe, expect, it } from "vitest";
import { sideBySide } from "../src/format/table.ts";

const head = ["", "alpha", "beta", "gamma"];
const rows = [
  ["maps", "12,345", "1", "999,999"],
  ["longest wait", "63.9 ms", "0", "1.2 s"],
];

describe("a table that does not fit", () => {
  const widest = (table: string) => Math.max(...table.split("\n").map((line) => line.length));

  it("stands in parts below each other, each with the first column, and loses nothing", () => {
    for (const width of [80, 32, 24]) {
      const parts = sideBySide(head, rows, width);
      for (const part of parts) {
        expect(widest(part)).toBeLessThanOrEqual(width);
        expect(part).toContain("longest wait");
      }
      const all = parts.join("\n");
      for (const cell of [...head, ...rows.flat()]) expect(all).toContain(cell);
    }
    expect(sideBySide(head, rows, 80)).toHaveLength(1);
    expect(sideBySide(head, rows, 24).length).toBeGreaterThan(1);
  });

  it("has a column in each part, however narrow the terminal is", () => {
    expect(sideBySide(head, rows, 5)).toHaveLength(3);
  });
});
