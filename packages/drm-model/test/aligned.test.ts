import { expect, it } from "vitest";
import { isAligned, KIB4, MIB2, within } from "../src/index.ts";

it("what is left of an address behind a power of two, without the remainder operator", () => {
  for (const at of [0, 1, 4095, KIB4, 0x7fff_1234_5000, 2 ** 47 + 4097, 2 ** 53 - 1])
    for (const size of [1, 2, KIB4, MIB2, 2 ** 30, 2 ** 48]) {
      expect(within(at, size)).toBe(at % size);
      expect(isAligned(at, size)).toBe(at % size === 0);
    }
  // What no program may ask for is no multiple of anything.
  expect([Number.NaN, Number.POSITIVE_INFINITY, 0.5].map((n) => isAligned(n, KIB4))).toEqual([
    false,
    false,
    false,
  ]);
});
