import { afterEach, describe, expect, it, vi } from "vitest";
import { enlarged, growsInPlace, sharedBytes } from "../src/enlarged.ts";
import { VaTable } from "../src/index.ts";

const LARGE = 2 ** 15;

/** A table of many rows, each other than the rest. */
function tableOf(rows: number): VaTable {
  const table = new VaTable();
  for (let i = 0; i < rows; i++) table.set(table.alloc(), i * 4096, i, i + 0.5, -i);
  return table;
}

function expectRows(table: VaTable, rows: number): void {
  const wrong: number[] = [];
  for (let i = 0; i < rows; i++) {
    const va = (i + 1) as Parameters<VaTable["addr"]>[0];
    const same =
      table.addr(va) === i * 4096 &&
      table.range(va) === i &&
      table.offset(va) === i + 0.5 &&
      table.owner(va) === (i === 0 ? 0 : -i);
    if (!same) wrong.push(va);
  }
  expect(wrong).toEqual([]);
}

describe("an array that is enlarged", () => {
  afterEach(() => vi.unstubAllGlobals());

  it("is copied while it is small", () => {
    const small = Int32Array.of(1, 2, 3);
    const larger = enlarged(small, 5, true);
    expect([...larger]).toEqual([1, 2, 3, 0, 0]);
    expect(larger.buffer).not.toBe(small.buffer);
    expect([growsInPlace(larger), sharedBytes(small, larger)]).toEqual([false, 0]);
  });

  it("takes what another has outgrown, and gives up its own", () => {
    const first = Int32Array.of(1, 2, 3, 4, 5, 6, 7);
    const one = enlarged(enlarged(first, 11, false), 13, false);
    const other = enlarged(Int32Array.of(8), 7, false);
    expect([other.buffer === first.buffer, other[0], [...one.slice(0, 7)]]).toEqual([
      true,
      8,
      [1, 2, 3, 4, 5, 6, 7],
    ]);
  });

  it("neither takes nor gives in quarantine", () => {
    const first = Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9);
    enlarged(first, 17, true);
    expect(enlarged(Int32Array.of(8), 9, false).buffer).not.toBe(first.buffer);
    const given = Int32Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11);
    enlarged(given, 19, false);
    expect(enlarged(Int32Array.of(8), 11, true).buffer).not.toBe(given.buffer);
    expect([first[8], given[10]]).toEqual([9, 11]);
  });

  it("is not kept beyond a bound", () => {
    // Of odd sizes, which no table has; some of them more often than is kept.
    const sizes = Array.from({ length: 100 }, (_, i) => 2 ** 14 + 1 + 2 * i);
    const given = [...sizes, ...sizes, ...sizes].map((length) => new Float64Array(length));
    for (const array of given) enlarged(array, array.length + 1, false);
    const buffers = new Set<ArrayBufferLike>(given.map(({ buffer }) => buffer));
    const taken = given.filter(({ length }) =>
      buffers.has(enlarged(Float64Array.of(1), length, false).buffer),
    );
    const bytes = taken.reduce((sum, { byteLength }) => sum + byteLength, 0);
    expect(taken.length).toBeGreaterThan(8);
    expect(bytes).toBeLessThanOrEqual(2 ** 22);
  });

  it("of a table leaves no rows of another", () => {
    tableOf(3000);
    const table = new VaTable();
    for (let i = 0; i < 1025; i++) table.alloc();
    expect([table.live, table.w.subarray(1026 * 4).some((v) => v !== 0)]).toEqual([1025, false]);
    expect([table.allocated(1026 as never), table.free(1026 as never), table.owner(1026 as never)]).toEqual([
      false,
      false,
      0,
    ]);
  });

  it("keeps its memory once it is large, until it has what was set apart for it", () => {
    const first = enlarged(Float64Array.of(7), LARGE, true);
    const second = enlarged(first, LARGE + 8, true);
    expect([first[0], second[0], second[LARGE + 7], second.length]).toEqual([7, 7, 0, LARGE + 8]);
    expect(second.buffer).toBe(first.buffer);
    expect([growsInPlace(second), sharedBytes(second)]).toEqual([true, second.byteLength]);
    // What was set apart is address space: none of it is touched here.
    const last = enlarged(second, (second.buffer as unknown as SharedArrayBuffer).maxByteLength / 8, true);
    expect([last.buffer === first.buffer, growsInPlace(last)]).toEqual([true, false]);
  });

  it("holds the rows of a large table, with little to spare", () => {
    const table = tableOf(50_000);
    expectRows(table, 50_000);
    expect(table.sharedBytes).toBe(table.bytes);
    expect(table.bytes / 50_000).toBeLessThan(40 * (1 + 1 / 16));
  });

  it.each([
    ["there is no shared memory", undefined],
    [
      "there is not so much address space",
      class {
        constructor() {
          throw new RangeError("Array buffer allocation failed");
        }
      },
    ],
  ])("is copied where %s", (_, stub) => {
    vi.stubGlobal("SharedArrayBuffer", stub);
    const table = tableOf(20_000);
    expectRows(table, 20_000);
    expect(table.sharedBytes).toBe(0);
  });
});
