import { describe, expect, it } from "vitest";
import { type Gpuva, VA_INSERTED, VaTable } from "../src/index.ts";

describe("a table of VAs", () => {
  it("keeps what is put into a row, through growth", () => {
    const table = new VaTable(4);
    const rows = Array.from({ length: 5000 }, (_, i) => {
      const va = table.alloc();
      table.set(va, i * 4096, 8192 + i, i * 3, i - 2500);
      table.setFlags(va, i & 0xffffff);
      table.setPrev(va, i as Gpuva);
      table.setNext(va, (i + 1) as Gpuva);
      return va;
    });
    expect([rows[0], new Set(rows).size, table.live]).toEqual([1, 5000, 5000]);
    rows.forEach((va, i) => {
      const row = [
        table.addr(va),
        table.range(va),
        table.end(va),
        table.offset(va),
        table.owner(va),
        table.flags(va),
        table.prev(va),
        table.next(va),
      ];
      expect(row).toEqual([i * 4096, 8192 + i, i * 4096 + 8192 + i, i * 3, i - 2500, i, i, i + 1]);
    });
    expect(table.bytes).toBeGreaterThanOrEqual(5000 * 40);
    expect(table.bytes).toBeLessThan(2 * 5001 * 40);
  });

  it("uses freed rows again, the last first and clean, unless they are kept apart", () => {
    const table = new VaTable();
    const [a, b, c] = [table.alloc(), table.alloc(), table.alloc()];
    table.setFlags(b, 5);
    table.set(b, 1, 2, 3, -4);
    table.setPrev(b, 9 as Gpuva);
    table.setOwner(b, 4);
    table.free(a);
    table.free(b);
    expect([table.allocated(a), table.allocated(b), table.allocated(c), table.live]).toEqual([
      false,
      false,
      true,
      1,
    ]);
    expect([table.alloc(), table.alloc()]).toEqual([b, a]);
    expect([table.flags(b), table.owner(b)]).toEqual([0, 0]);
    table.quarantine = true;
    table.free(c);
    expect([table.alloc(), table.allocated(c)]).toEqual([4, false]);
  });

  it("keeps the state bits and the driver's flags apart", () => {
    const table = new VaTable();
    const va = table.alloc();
    table.mark(va, VA_INSERTED, true);
    table.setFlags(va, 0xffffffff);
    expect([table.flags(va), table.inserted(va), table.allocated(va)]).toEqual([0xffffff, true, true]);
    table.setFlags(va, 0);
    table.mark(va, VA_INSERTED, false);
    expect([table.flags(va), table.is(va, VA_INSERTED), table.allocated(va)]).toEqual([0, false, true]);
  });

  it("takes no row back that is in the tree, linked or free", () => {
    const table = new VaTable();
    const list = { vaHead: 0 as Gpuva, vaTail: 0 as Gpuva, vaCount: 0 };
    const va = table.alloc();
    table.mark(va, VA_INSERTED, true);
    expect([table.free(va), table.live]).toEqual([false, 1]);
    table.mark(va, VA_INSERTED, false);
    table.link(va, -7, list);
    expect([table.free(va), table.live, list.vaHead]).toEqual([false, 1, va]);
    table.unlink(va, 3, list);
    expect([table.free(va), table.free(va), table.live, list.vaCount]).toEqual([true, false, 0, 0]);
  });

  it("knows what was never a row", () => {
    const table = new VaTable();
    expect([0, -1, 1, 1e6].map((va) => table.allocated(va as Gpuva))).toEqual([false, false, false, false]);
  });
});
