import {
  DmaFence,
  DrmDevice,
  GpuvmError,
  gpuvaAlloc,
  gpuvaRemove,
  gpuvaUnlink,
  gpuvmBoPut,
  Task,
} from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import { Bo, CountedFence, GpuEngine, KIB4, liveKrefs, noteUse, releaseBo } from "../src/index.ts";
import { mappedPage } from "./support/mapped-page.ts";

/** {@link mappedPage} on a machine that uses nothing twice, and a job of its VM. */
function setup() {
  const page = mappedPage({ quarantine: true });
  const { machine, record } = page;
  const run = () => {
    const fence = new DmaFence(machine.fenceContext(), 1);
    const uses = noteUse(machine, fence, { vm: record, keeps: "pages", settled: true });
    new GpuEngine(machine).submit({ fence, after: [], uses });
  };
  return { ...page, run };
}

describe("what is gone is not used again", () => {
  it("pages that were given back: entries that lead to them are found when a job starts", () => {
    const { record, va, pt, bo, run, found } = setup();
    record.keepsEntries = true;
    bo.takePages("evicted");
    bo.pages = "resident";
    run();
    expect(found()).toEqual([expect.stringMatching(/^stale-pte: a job starts while 0x1000 leads to a page/)]);
    pt.unmap(KIB4, KIB4, "again");
    pt.map(KIB4, KIB4, bo, KIB4);
    pt.flush("submit");
    expect(record.seesOld(va)).toBeNull();
  });

  it("old translations: an address that is mapped anew without a flush is found when a job starts", () => {
    const { machine, pt, bo, run, found } = setup();
    pt.unmap(KIB4, KIB4, "later");
    pt.map(KIB4, KIB4, bo, KIB4);
    run();
    expect(found()).toEqual([]);
    const other = new Bo(machine, { size: KIB4 });
    other.pages = "resident";
    pt.unmap(KIB4, KIB4, "later");
    pt.map(KIB4, KIB4, other, 0);
    expect(pt.translatesOld(KIB4, 2 * KIB4)).toMatch(
      /^the TLB may have 0x1000 as it was mapped before, to bo/,
    );
    expect(pt.translatesOld(0, KIB4)).toBeNull();
    pt.stalls = true;
    expect(pt.translatesOld(KIB4, 2 * KIB4)).toBeNull();
    pt.stalls = false;
    pt.flush("submit");
    expect(pt.translatesOld(KIB4, 2 * KIB4)).toBeNull();
  });

  it("the same, where the TLB may have more than one old translation", () => {
    const { machine, pt, bo } = setup();
    const other = new Bo(machine, { size: 4 * KIB4 });
    pt.unmap(KIB4, KIB4, "later");
    pt.map(KIB4, 2 * KIB4, other, 0);
    pt.unmap(KIB4, 2 * KIB4, "later");
    pt.map(KIB4, 2 * KIB4, other, 0);
    expect(pt.translatesOld(KIB4, 2 * KIB4)).toMatch(new RegExp(`to ${bo.name}$`));
    expect(pt.translatesOld(2 * KIB4, 3 * KIB4)).toBeNull();
  });

  it("page tables: an entry that is written after their end is found", () => {
    const { record, pt, bo, found } = setup();
    record.freed = true;
    pt.map(2 * KIB4, KIB4, bo, 0);
    expect(found()).toEqual(["stale-pte: entries are written into tables that are given back"]);
  });

  it("locks: an object that is freed while one of its own is held is found", () => {
    const { machine, found } = setup();
    const task = new Task("other");
    for (const which of ["gpuvaLock", "resv"] as const) {
      const bo = new Bo(machine, { size: KIB4, funcs: { free: (obj) => releaseBo(obj as Bo) } });
      bo[which].acquire(task);
      bo.put("creator");
      bo[which].release(task);
    }
    expect(found()).toEqual([
      expect.stringMatching(/^lock-rule: bo#\d+ is freed while other holds gpuva lock of bo/),
      expect.stringMatching(/^lock-rule: bo#\d+ is freed while other holds resv of bo/),
    ]);
  });

  it("locks: the reservation object of a VM outlives its private objects, TTM's is counted by who holds it", () => {
    const { machine, vm, found } = setup();
    const task = new Task("other");
    vm.resv.acquire(task);
    new Bo(machine, { size: KIB4, resv: vm.resv }).put("creator");
    const bo = new Bo(machine, { size: KIB4, funcs: { free: (obj) => releaseBo(obj as Bo, true) } });
    bo.resv.acquire(task);
    bo.put("creator");
    expect(found()).toEqual([]);
  });

  it("rows of dead mappings: who follows their list is found", () => {
    const { vm, va, vmBo, mapped, bo } = setup();
    const second = mapped(2);
    expect(vm.vas.next(va)).toBe(second);
    bo.resv.acquire(vm.dev.current);
    gpuvaUnlink(vm, va);
    bo.resv.release(vm.dev.current);
    gpuvaRemove(vm, va);
    vm.vas.free(va);
    expect(() => vm.vas.next(va)).toThrow(GpuvmError);
    expect(() => vm.vas.next(va)).toThrow(/USE_AFTER_FREE/);
    expect(gpuvaAlloc(vm)).not.toBe(va);
    expect(vmBo.vaCount).toBe(1);
    gpuvmBoPut(vmBo, "test");
  });

  it("fences: who keeps one for ever is known, while schedules are explored", () => {
    const dev = new DrmDevice();
    const make = () => new CountedFence(dev, new DmaFence(1, 1), "fence#1", "job", () => {});
    make();
    expect(liveKrefs(dev)).toEqual([]);
    dev.quarantine = true;
    const fence = make();
    fence.base.signal();
    expect(liveKrefs(dev)).toEqual([fence]);
    fence.put("job");
    expect(liveKrefs(dev)).toEqual([]);
  });
});
