import { expect, it } from "vitest";
import { Windows } from "../src/index.ts";

const GIB4 = 2 ** 32;

it("leaves addresses where they are if it can", () => {
  expect(new Windows(2 ** 40).place(2 ** 39, 4096)).toEqual([{ skip: 0, va: 2 ** 39, length: 4096 }]);
});

it("moves what lies beyond the limit, always to the same place, and apart from everything else", () => {
  const windows = new Windows(4 * GIB4);
  windows.place(3 * GIB4, 4096);
  expect(windows.place(2 ** 47 + 4096, 4096)).toEqual([{ skip: 0, va: 2 * GIB4 + 4096, length: 4096 }]);
  expect(windows.place(2 ** 47, 4096)[0]?.va).toBe(2 * GIB4);
  // The place is taken: who would have stayed there moves, too.
  expect(windows.place(2 * GIB4, 4096)[0]?.va).toBe(GIB4);
});

it("cuts a range at windows that are not neighbours any more", () => {
  const windows = new Windows(4 * GIB4);
  expect(windows.place(2 ** 47 - 4096, 8192)).toEqual([
    { skip: 0, va: 4 * GIB4 - 4096, length: 4096 },
    { skip: 4096, va: 2 * GIB4, length: 4096 },
  ]);
});

it("says when there is no room", () => {
  const windows = new Windows(GIB4);
  windows.place(0, 4096);
  expect(() => windows.place(GIB4, 4096)).toThrow(RangeError);
});
