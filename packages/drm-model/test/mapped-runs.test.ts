import { expect, it } from "vitest";
import { MappedRuns } from "../src/index.ts";

/** Address by address, what is mapped there. */
function pages(mapped: MappedRuns): string {
  const out: string[] = [];
  for (const { start, end, bo } of mapped.runs) for (let at = start; at < end; at++) out[at] = `${bo}`;
  return Array.from({ length: 40 }, (_, at) => out[at] ?? "-").join("");
}

it("says of each address what was mapped there last, however requests cut each other", () => {
  const mapped = new MappedRuns();
  const model: string[] = new Array(40).fill("-");
  const count = new Map<number, number>();
  const told = (bo: number, by: 1 | -1) => void count.set(bo, (count.get(bo) ?? 0) + by);
  let seed = 7;
  const random = (n: number) => {
    seed = (seed * 48271) % 0x7fffffff;
    return seed % n;
  };
  for (let i = 0; i < 2000; i++) {
    const va = random(36);
    const length = 1 + random(4 + random(30));
    const end = Math.min(40, va + length);
    const bo = random(4);
    const unmaps = random(3) === 0;
    if (unmaps) mapped.unmap(va, end - va, told);
    else mapped.map(va, end - va, bo, told);
    model.fill(unmaps ? "-" : `${bo}`, va, end);
    expect(pages(mapped)).toBe(model.join(""));
    for (const run of mapped.runs) expect(run.end).toBeGreaterThan(run.start);
    for (const [at, run] of mapped.runs.entries())
      expect(run.start).toBeGreaterThanOrEqual(mapped.runs[at - 1]?.end ?? 0);
    for (const [number, n] of count) expect(mapped.runs.filter((run) => run.bo === number)).toHaveLength(n);
  }
});

it("keeps of the pieces how early they were mapped", () => {
  const mapped = new MappedRuns();
  mapped.map(0, 10, 1);
  mapped.map(20, 10, 1);
  mapped.map(4, 2, 2);
  expect(mapped.runs.map(({ start, nth }) => [start, nth])).toEqual([
    [0, 0],
    [4, 2],
    [6, 0],
    [20, 1],
  ]);
});
