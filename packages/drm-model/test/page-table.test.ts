import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Bo, GIB1, GIB512, KIB4, KIB64, Machine, MIB2, PageTable } from "../src/index.ts";

const SHAPE = { pageSizes: [MIB2, KIB64, KIB4], tableSpans: [MIB2, GIB1, GIB512] };

function setup(shape = SHAPE) {
  const machine = new Machine();
  return { machine, pt: new PageTable(machine, shape), bo: new Bo(machine, { size: 64 * MIB2 }) };
}

describe("PageTable", () => {
  it("uses the greatest page that address, offset and length allow", () => {
    const { machine, pt, bo } = setup();
    pt.map(MIB2 - KIB4, 2 * MIB2 + KIB4 + KIB64, bo, MIB2 - KIB4);
    expect(pt.ptes.runs().map((run) => [run.start, run.end, run.pageSize])).toEqual([
      [MIB2 - KIB4, MIB2, KIB4],
      [MIB2, 3 * MIB2, MIB2],
      [3 * MIB2, 3 * MIB2 + KIB64, KIB64],
    ]);
    expect(machine.counts.ptesWritten).toBe(4);
    expect(bo.ptes).toBe(4);
  });

  it("keeps to small pages where the offset is not aligned as the address is", () => {
    const { pt, bo } = setup();
    pt.map(0, MIB2, bo, KIB4);
    expect(pt.entries).toBe(512);
  });

  it("keeps to the size that the driver allows", () => {
    const { pt, bo } = setup();
    pt.map(0, MIB2, bo, 0, KIB64);
    expect(pt.entries).toBe(32);
  });

  it("counts a table at each level for one page, and gives them back", () => {
    const { machine, pt, bo } = setup();
    pt.map(GIB512, KIB4, bo, 0);
    expect(pt.tables).toBe(3);
    pt.map(GIB512 + MIB2, KIB4, bo, KIB4);
    expect(pt.tables).toBe(4);
    pt.unmap(GIB512, GIB1);
    expect(pt.tables).toBe(0);
    expect(pt.tablesPeak).toBe(4);
    expect(machine.counts.tablePagesAllocated).toBe(4);
  });

  it("puts a huge page into the table above", () => {
    const { pt, bo } = setup();
    pt.map(0, MIB2, bo, 0);
    expect(pt.tables).toBe(2);
  });

  it("keeps what lies around a hole, with its offsets", () => {
    const { pt, bo } = setup();
    pt.map(0, 8 * KIB4, bo, 16 * KIB4);
    pt.unmap(2 * KIB4, 3 * KIB4);
    expect(pt.ptes.runs().map((run) => [run.start / KIB4, run.end / KIB4, run.offset / KIB4])).toEqual([
      [0, 2, 16],
      [5, 8, 21],
    ]);
    expect(bo.ptes).toBe(5);
  });

  it("says where a hole would cut an entry", () => {
    const { pt, bo } = setup();
    pt.map(0, 2 * MIB2, bo, 0);
    expect(pt.cutsEntry(KIB4, MIB2)).toBe(true);
    expect(pt.cutsEntry(MIB2, 2 * MIB2)).toBe(false);
  });

  it("finds entries written over others", () => {
    const { machine, pt, bo } = setup();
    pt.map(0, KIB4, bo, 0);
    expect(machine.hazards).toEqual([]);
    pt.map(0, KIB4, bo, KIB4);
    expect(machine.hazards.map((h) => h.kind)).toEqual(["stale-pte"]);
    expect(bo.ptes).toBe(1);
  });

  it("finds an unmap under a running job, and only there", () => {
    const { machine, pt, bo } = setup();
    pt.map(0, 2 * KIB4, bo, 0);
    pt.unmap(0, KIB4);
    expect(machine.hazards).toEqual([]);
    const naming = (named: boolean) => ({ names: (other: Bo) => (other === bo) === named });
    pt.naming.add(naming(false));
    pt.map(0, KIB4, bo, 0);
    pt.unmap(0, KIB4);
    expect(machine.hazards).toEqual([]);
    pt.naming.add(naming(true)).add(naming(true));
    pt.unmap(KIB4, KIB4);
    expect(machine.hazards.map((h) => h.kind)).toEqual(["gpu-fault"]);
  });

  it("agrees with one entry per page, whatever is mapped and unmapped", () => {
    const step = fc.record({ at: fc.nat(60), pages: fc.integer({ min: 1, max: 20 }), map: fc.boolean() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const { pt, bo } = setup({ pageSizes: [KIB4], tableSpans: [4 * KIB4, 16 * KIB4] });
        const dense = new Array<number>(80).fill(-1);
        for (const { at, pages, map } of steps) {
          pt.unmap(at * KIB4, pages * KIB4);
          if (map) pt.map(at * KIB4, pages * KIB4, bo, at * KIB4);
          dense.fill(map ? 1 : -1, at, at + pages);
        }
        const seen = dense.map((_, page) => (pt.ptes.at(page * KIB4) === null ? -1 : 1));
        expect(seen).toEqual(dense);
        expect(bo.ptes).toBe(dense.filter((d) => d === 1).length);
        const used = (span: number) =>
          new Set(dense.flatMap((d, page) => (d === 1 ? [Math.floor(page / span)] : [])));
        expect(pt.tables).toBe(used(4).size + used(16).size);
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});
