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
    const larger = enlarged(small, 5);
    expect([...larger]).toEqual([1, 2, 3, 0, 0]);
    expect(larger.buffer).not.toBe(small.buffer);
    expect([growsInPlace(larger), sharedBytes(small, larger)]).toEqual([false, 0]);
  });

  it("keeps its memory once it is large, until it has what was set apart for it", () => {
    const first = enlarged(Float64Array.of(7), LARGE);
    const second = enlarged(first, LARGE + 8);
    expect([first[0], second[0], second[LARGE + 7], second.length]).toEqual([7, 7, 0, LARGE + 8]);
    expect(second.buffer).toBe(first.buffer);
    expect([growsInPlace(second), sharedBytes(second)]).toEqual([true, second.byteLength]);
    // What was set apart is address space: none of it is touched here.
    const last = enlarged(second, (second.buffer as unknown as SharedArrayBuffer).maxByteLength / 8);
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
