import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { IovaSpace } from "../src/index.ts";

describe("IovaSpace", () => {
  it("takes the lowest hole that fits, aligned", () => {
    const space = new IovaSpace(4096, 100 * 4096);
    expect(space.alloc(4096)).toBe(4096);
    expect(space.alloc(4096, 65536)).toBe(65536);
    expect(space.alloc(4096)).toBe(8192);
  });

  it("takes an address that was asked for once only", () => {
    const space = new IovaSpace(0, 10 * 4096);
    expect(space.reserve(4096, 8192)).toBe(true);
    expect(space.reserve(8192, 4096)).toBe(false);
    expect(space.reserve(9 * 4096, 8192)).toBe(false);
  });

  it("joins what is given back", () => {
    const space = new IovaSpace(0, 3 * 4096);
    for (const at of [0, 4096, 8192]) expect(space.reserve(at, 4096)).toBe(true);
    for (const at of [0, 8192, 4096]) space.release(at, 4096);
    expect(space.alloc(3 * 4096)).toBe(0);
  });

  it("never gives the same address twice", () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 8 })), { maxLength: 80 }),
        (steps) => {
          const space = new IovaSpace(0, 64);
          const live: { at: number; size: number }[] = [];
          for (const [alloc, size] of steps) {
            const old = live[0];
            if (alloc) {
              const at = space.alloc(size, 1);
              if (at === null) continue;
              expect(live.every((l) => l.at + l.size <= at || at + size <= l.at)).toBe(true);
              live.push({ at, size });
            } else if (old !== undefined) {
              live.shift();
              space.release(old.at, old.size);
            }
          }
          expect(space.free).toBe(64 - live.reduce((sum, l) => sum + l.size, 0));
        },
      ),
      { seed: 1, numRuns: 300 },
    );
  });
});
