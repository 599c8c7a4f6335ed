import { EEXIST, EINVAL, ENOMEM } from "@gpuvm/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Bo, GIB1, IoPgtableArm, type IoPgtableArmConfig, KIB4, Machine, MIB2 } from "../src/index.ts";

/** As panthor sets it up. */
const MALI: IoPgtableArmConfig = { pageSizes: [KIB4, MIB2] };
/** As msm sets it up where an SMMU offers 4 KiB only. */
const ADRENO: IoPgtableArmConfig = { pageSizes: [KIB4], noWarn: true };

function setup(config = MALI) {
  const machine = new Machine();
  const walks: string[] = [];
  const flushWalk = (iova: number, size: number) => walks.push(`${iova} ${size}`);
  const pt = new IoPgtableArm(machine, { ...config, flushWalk });
  return { machine, pt, walks, bo: new Bo(machine, { size: 2 * GIB1 }) };
}

const tallies = (pt: IoPgtableArm) => {
  const { leafWritten, leafCleared, leafDropped, tableWritten, tableCleared } = pt.counts;
  const all = { leafWritten, leafCleared, leafDropped, tableWritten, tableCleared };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, tally]) =>
      tally.size === 0 ? [] : [[name, Object.fromEntries(tally)]],
    ),
  );
};

describe("io-pgtable-arm", () => {
  it("has its root from the first, and makes a table at each level for one page", () => {
    const { pt, bo, machine } = setup();
    expect(pt.tables).toBe(1);
    expect(pt.mapPages(GIB1, bo, 0, KIB4, 1)).toBe(KIB4);
    expect(pt.tables).toBe(4);
    expect(tallies(pt)).toEqual({ leafWritten: { 4096: 1 }, tableWritten: { 0: 1, 1: 1, 2: 1 } });
    expect(machine.counts.tableBytesNow).toBe(4 * KIB4);
  });

  it("stops at the end of the table that it began in", () => {
    const { pt, bo } = setup();
    expect(pt.mapPages(MIB2 - KIB4, bo, 0, KIB4, 3)).toBe(KIB4);
    expect(pt.mapPages(MIB2, bo, KIB4, KIB4, 2)).toBe(2 * KIB4);
    expect(pt.unmapPages(MIB2 - KIB4, KIB4, 3)).toBe(KIB4);
    expect(pt.mapPages(GIB1 - MIB2, bo, 0, MIB2, 2)).toBe(MIB2);
  });

  it("keeps a table whose last page goes", () => {
    const { pt, bo, walks } = setup();
    pt.mapPages(0, bo, 0, KIB4, 2);
    expect(pt.unmapPages(0, KIB4, 2)).toBe(2 * KIB4);
    expect(pt.tables).toBe(4);
    expect(walks).toEqual([]);
    expect(tallies(pt)).toMatchObject({ leafCleared: { 4096: 2 } });
  });

  it("frees a table, with what is in it, for an unmap of the size of a block", () => {
    const { pt, bo, walks } = setup();
    pt.mapPages(MIB2, bo, 0, KIB4, 512);
    pt.mapPages(2 * MIB2, bo, MIB2, MIB2, 1);
    expect(pt.unmapPages(MIB2, MIB2, 2)).toBe(2 * MIB2);
    expect(tallies(pt)).toMatchObject({
      leafDropped: { 4096: 512 },
      leafCleared: { 2097152: 1 },
      tableCleared: { 2: 1 },
    });
    expect(walks).toEqual([`${MIB2} ${MIB2}`]);
    expect(pt.tables).toBe(3);
    expect(bo.ptes).toBe(0);
  });

  it("frees a table that is empty for a block in its place, and refuses a block where pages are", () => {
    const { pt, bo, walks } = setup();
    pt.mapPages(0, bo, 0, KIB4, 1);
    pt.unmapPages(0, KIB4, 1);
    expect(pt.mapPages(0, bo, 0, MIB2, 1)).toBe(MIB2);
    expect(pt.tables).toBe(3);
    expect(walks).toEqual([`0 ${MIB2}`]);
    expect(pt.mapPages(0, bo, 0, MIB2, 1)).toBe(-EEXIST);
    expect(pt.mapPages(0, bo, 0, KIB4, 1)).toBe(-EEXIST);
  });

  it("neither cuts a greater entry nor goes on behind a hole, and says so unless it is told not to", () => {
    const { pt, bo, machine } = setup();
    pt.mapPages(0, bo, 0, MIB2, 1);
    expect(pt.unmapPages(0, KIB4, 1)).toBe(0);
    pt.mapPages(MIB2, bo, 0, KIB4, 1);
    expect(pt.unmapPages(MIB2, KIB4, 2)).toBe(KIB4);
    expect(pt.unmapPages(GIB1, KIB4, 1)).toBe(0);
    expect(machine.hazards.map(({ detail }) => detail)).toEqual([
      "pages at 0x0 are part of a greater entry",
      "pages at 0x201000 are not mapped",
      "pages at 0x40000000 are not mapped",
    ]);
    const quiet = setup(ADRENO);
    expect(quiet.pt.unmapPages(0, KIB4, 1)).toBe(0);
    expect(quiet.machine.hazards).toEqual([]);
  });

  it("knows the sizes and the addresses of its configuration only", () => {
    const { pt, bo, machine } = setup(ADRENO);
    expect(pt.mapPages(0, bo, 0, MIB2, 1)).toBe(-EINVAL);
    expect(pt.unmapPages(0, MIB2, 1)).toBe(0);
    expect(() => new IoPgtableArm(machine, { pageSizes: [65536] })).toThrow(/4096, 2097152, 1073741824/);
    expect(() => new IoPgtableArm(machine, { pageSizes: [KIB4], ias: 49 })).toThrow(/13 to 48/);
  });

  it("begins lower for fewer bits", () => {
    const { machine, bo } = setup();
    const pt = new IoPgtableArm(machine, { pageSizes: [KIB4], ias: 33 });
    pt.mapPages(0, bo, 0, KIB4, 1);
    expect(tallies(pt)).toMatchObject({ tableWritten: { 1: 1, 2: 1 } });
    expect(machine.counts.tableBytesNow - KIB4).toBe(64 + 2 * KIB4);
  });

  it("stops where there is no page for a table, and goes on from there", () => {
    let left = 2;
    const { pt, bo } = setup({ ...MALI, takeTable: () => left-- > 0 });
    expect(pt.mapPages(0, bo, 0, KIB4, 1)).toBe(-ENOMEM);
    expect(pt.tables).toBe(3);
    left = 1;
    expect(pt.mapPages(0, bo, 0, KIB4, 1)).toBe(KIB4);
  });

  it("goes with everything that is in it, once", () => {
    const { pt, bo, machine } = setup();
    pt.mapPages(0, bo, 0, KIB4, 3);
    pt.mapPages(GIB1, bo, 0, MIB2, 1);
    pt.free();
    pt.free();
    expect(pt.tables).toBe(0);
    expect(bo.ptes).toBe(0);
    expect(machine.counts.tableBytesNow).toBe(0);
    expect(tallies(pt)).toMatchObject({ leafDropped: { 4096: 3, 2097152: 1 } });
  });

  it("agrees with tables of entries, whatever is asked", () => {
    const size = fc.constantFrom(KIB4, MIB2);
    const step = fc.record({
      map: fc.boolean(),
      size,
      at: fc.nat(3),
      page: fc.constantFrom(0, 0, 1, 300, 511),
      n: fc.constantFrom(1, 2, 212, 512),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const { pt, bo, walks } = setup({ ...MALI, noWarn: true });
        const tables = new Tables();
        for (const s of steps) {
          const iova = GIB1 - 2 * MIB2 + s.at * MIB2 + (s.size === KIB4 ? s.page * KIB4 : 0);
          const ret = s.map ? pt.mapPages(iova, bo, iova, s.size, s.n) : pt.unmapPages(iova, s.size, s.n);
          expect(ret).toBe(tables.ask(s.map, iova, s.size, s.n));
        }
        expect(pt.entries).toBe(tables.leafs());
        expect(bo.ptes).toBe(tables.leafs());
        expect(walks).toEqual(tables.walks);
        expect(pt.tables).toBe(2 + tables.count());
      }),
      { seed: 1, numRuns: 300 },
    );
  });
});

/** Two levels of tables kept entry by entry, of 512 entries each: the plain way. Addresses are below 512 GiB. */
class Tables {
  readonly walks: string[] = [];
  /** By number of GiB: entries of 2 MiB, each a block or a table of the numbers of its pages. */
  readonly #gib = new Map<number, Map<number, "block" | Set<number>>>();

  ask(map: boolean, iova: number, size: number, n: number): number {
    const block = Math.floor(iova / MIB2);
    const table = this.#table(Math.floor(iova / GIB1), map);
    if (size === MIB2) return this.#blocks(map, table, block, n);
    let pages = table?.get(block);
    if (pages === "block") return map ? -EEXIST : 0;
    if (pages === undefined) {
      if (!map) return 0;
      pages = new Set();
      table?.set(block, pages);
    }
    const first = (iova / KIB4) % 512;
    const end = Math.min(512, first + n);
    if (map) {
      for (let page = first; page < end; page++) if (pages.has(page)) return -EEXIST;
      for (let page = first; page < end; page++) pages.add(page);
      return (end - first) * KIB4;
    }
    let page = first;
    while (page < end && pages.delete(page)) page++;
    return (page - first) * KIB4;
  }

  leafs(): number {
    let n = 0;
    for (const table of this.#gib.values())
      for (const entry of table.values()) n += entry === "block" ? 1 : entry.size;
    return n;
  }

  /** Tables, without the root and the one below it. */
  count(): number {
    let n = this.#gib.size === 0 ? -1 : this.#gib.size;
    for (const table of this.#gib.values()) for (const entry of table.values()) if (entry !== "block") n++;
    return n;
  }

  #table(gib: number, make: boolean): Map<number, "block" | Set<number>> | undefined {
    if (make && !this.#gib.has(gib)) this.#gib.set(gib, new Map());
    return this.#gib.get(gib);
  }

  #blocks(map: boolean, table: Map<number, "block" | Set<number>> | undefined, first: number, n: number) {
    const end = Math.min(first + n, (Math.floor(first / 512) + 1) * 512);
    let block = first;
    for (; block < end; block++) {
      const entry = table?.get(block);
      if (map ? entry === "block" : entry === undefined) break;
      if (typeof entry === "object") this.walks.push(`${block * MIB2} ${MIB2}`);
      if (entry !== undefined) table?.delete(block);
    }
    if (!map) return (block - first) * MIB2;
    if (block < end) return -EEXIST;
    for (block = first; block < end; block++) table?.set(block, "block");
    return (end - first) * MIB2;
  }
}
