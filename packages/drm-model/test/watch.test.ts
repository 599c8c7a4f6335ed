import { DmaFence, gpuvmBoPut } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import {
  Bo,
  GpuEngine,
  KIB4,
  Kref,
  liveKrefs,
  Machine,
  MIB2,
  noteUse,
  PageTable,
  releaseBo,
  toldIdle,
  type VmRecord,
} from "../src/index.ts";
import { mappedPage } from "./support/mapped-page.ts";

function setup() {
  const { vmBo, ...page } = mappedPage();
  gpuvmBoPut(vmBo, "test");
  return page;
}

function job(machine: Machine, record: VmRecord, keeps: "pages" | "memory" = "pages", settled = true) {
  const fence = new DmaFence(machine.fenceContext(), 1);
  const uses = noteUse(machine, fence, { vm: record, keeps, settled });
  return { fence, uses, start: () => new GpuEngine(machine).submit({ fence, after: [], uses }) };
}

describe("a machine that watches", () => {
  it("finds a program that is told that it may read what the GPU writes, or write what it uses", () => {
    const { machine, bo, record, found } = setup();
    const at = { vm: record, keeps: "pages", settled: false } as const;
    const fence = machine.fence(machine.fenceContext(), 1);
    noteUse(machine, fence, { ...at, lists: [bo] });
    toldIdle(machine, bo, false);
    expect(found()).toEqual([]);
    toldIdle(machine, bo, true);
    fence.signal();
    toldIdle(machine, bo, true);
    noteUse(machine, machine.fence(machine.fenceContext(), 1), { ...at, lists: [bo], writes: [bo] });
    toldIdle(machine, bo, false);
    expect(found()).toEqual([
      expect.stringMatching(/^job-order: a program is told that it may write bo#\d+, which the GPU uses$/),
      expect.stringMatching(/^job-order: a program is told that it may read bo#\d+, which the GPU writes$/),
    ]);
  });

  it("finds a fence that says of a job that it is done, and the GPU is not", () => {
    const { machine, record, found } = setup();
    const told = (does: (uses: ReturnType<typeof noteUse>) => void, error = 0) => {
      const fence = machine.fence(machine.fenceContext(), 1);
      const uses = noteUse(machine, fence, { vm: record, keeps: "now", settled: false, saysDone: true });
      does(uses);
      fence.signal(error);
      uses?.stops();
    };
    told((uses) => uses?.starts());
    told(() => {});
    told(() => {}, -62);
    told((uses) => uses?.starts(), -62);
    told((uses) => {
      uses?.starts();
      uses?.stops();
    });
    expect(found()).toEqual([
      expect.stringMatching(/^job-order: fence \d+:1 signals, while the GPU works on the job$/),
      expect.stringMatching(/^job-order: fence \d+:1 signals, and the GPU has not begun the job$/),
      expect.stringMatching(/^job-order: fence \d+:1 signals, while the GPU works on the job$/),
    ]);
  });

  it("finds pages that go before the TLB was flushed", () => {
    const { pt, bo, found } = setup();
    pt.unmap(KIB4, KIB4);
    bo.takePages("evicted");
    expect(found()).toEqual([expect.stringMatching(/^stale-tlb: bo#\d+ is evicted before the TLB/)]);
  });

  it("is content with a flush in between, and with one that is not due yet", () => {
    const { pt, bo, found } = setup();
    pt.unmap(KIB4, KIB4);
    expect(pt.cached).toBe(bo);
    pt.flush("unmap");
    expect(pt.cached).toBeNull();
    pt.map(KIB4, KIB4, bo, KIB4);
    pt.unmap(KIB4, KIB4, "later");
    bo.takePages("evicted");
    expect(found()).toEqual([]);
  });

  it("finds pages that go while entries of a mapping lead to them", () => {
    const { bo, found } = setup();
    bo.takePages("purged");
    expect(found()).toEqual([expect.stringMatching(/^stale-pte: bo#\d+ is purged while page-table entries/)]);
  });

  it("lets entries be where nothing runs before they are written again", () => {
    const { bo, record, found } = setup();
    record.keepsEntries = true;
    bo.takePages("evicted");
    expect(found()).toEqual([]);
  });

  it("finds pages that are taken from a job, until its fence signals", () => {
    const { machine, record, pt, bo, found } = setup();
    const { fence } = job(machine, record);
    fence.signal();
    expect(machine.inUse.size).toBe(0);
    job(machine, record);
    record.keepsEntries = true;
    bo.takePages("evicted");
    expect(found()).toEqual([expect.stringMatching(/^use-after-free: bo#\d+ is evicted while a job/)]);
    pt.unmap(KIB4, KIB4, "later");
    expect(found()[1]).toMatch(/^gpu-fault: bo#\d+ is unmapped under a job/);
  });

  it("finds memory that is given back under a job whose fence keeps it, and only then", () => {
    for (const keeps of ["pages", "memory"] as const) {
      const { machine, record, pt, bo } = setup();
      pt.unmap(KIB4, KIB4, "later");
      job(machine, record, keeps);
      machine.hazards.length = 0;
      releaseBo(bo);
      const kinds = machine.hazards.map(({ kind }) => kind);
      expect(kinds.includes("use-after-free")).toBe(keeps === "memory");
    }
  });

  it("finds work that begins while its buffer is copied, unless the copy waits for it, and with entries of before", () => {
    const { machine, record, pt, bo, found } = setup();
    const before = job(machine, record);
    const copied = new DmaFence(machine.fenceContext(), 1);
    bo.moves(copied);
    before.start();
    expect(found()).toEqual([]);
    job(machine, record).start();
    expect(found()[0]).toMatch(/^stale-pte: a job starts while bo#\d+ is being copied to other memory/);
    machine.hazards.length = 0;
    copied.signal();
    expect(bo.moving).toBeNull();
    job(machine, record).start();
    expect(found()[0]).toMatch(/^stale-pte: a job starts while .*leads to a page that bo#\d+ has given back/);
    machine.hazards.length = 0;
    machine.quiesce();
    pt.rewrite(KIB4, KIB4);
    job(machine, record).start();
    expect(found()).toEqual([]);
  });

  it("takes entries for good again when a move that failed is taken back", () => {
    const { machine, record, bo, found } = setup();
    const before = bo.otherMemory();
    expect(bo.otherMemory()).not.toBe(before);
    bo.generation = before;
    job(machine, record).start();
    expect(found()).toEqual([]);
  });

  it("follows the GPU, not the fence: a fence that is believed too early is named", () => {
    const { machine, record, pt, bo, found } = setup();
    const engine = new GpuEngine(machine);
    const fence = new DmaFence(machine.fenceContext(), 1);
    const uses = noteUse(machine, fence, { vm: record, keeps: "memory", settled: true });
    engine.submit({ fence, after: [], uses });
    fence.signal();
    expect(machine.inUse.size).toBe(1);
    pt.unmap(KIB4, KIB4);
    pt.flush("unmap");
    releaseBo(bo);
    record.freed = true;
    const early = `: ${fence.name} was believed, which had signalled before the GPU was done`;
    expect(found().filter((text) => text.endsWith(early))).toEqual([
      expect.stringMatching(/^gpu-fault: bo#\d+ is unmapped under a job/),
      expect.stringMatching(/^use-after-free: bo#\d+ is freed while a job/),
      expect.stringMatching(/^gpu-fault: the page tables of .* are freed while a job/),
    ]);
    machine.quiesce();
    expect(machine.inUse.size).toBe(0);
  });

  it("lets memory go when the GPU was reset, and has it in use again when the job is replayed", () => {
    const { machine, record, pt, found } = setup();
    const engine = new GpuEngine(machine);
    const jobs = [1, 2].map((seqno) => {
      const fence = new DmaFence(1, seqno);
      return { fence, after: [], uses: noteUse(machine, fence, { vm: record, keeps: "now", settled: true }) };
    });
    engine.submit(jobs[0] as never);
    engine.hang();
    engine.submit(jobs[1] as never);
    expect(jobs.map(({ uses }) => uses?.touches)).toEqual([true, false]);
    machine.quiesce();
    expect(jobs.map(({ fence }) => fence.signaled)).toEqual([false, false]);
    const left = engine.reset();
    expect(left).toEqual(jobs);
    expect(engine.busy).toBe(false);
    expect(jobs.map(({ uses }) => uses?.touches)).toEqual([false, false]);
    left[0]?.fence.signal();
    for (const job of left.slice(1)) engine.submit(job);
    expect(jobs.map(({ uses }) => uses?.touches)).toEqual([false, true]);
    record.freed = true;
    expect(found()).toEqual([
      expect.stringMatching(/^gpu-fault: the page tables of .* while a job that uses them runs$/),
    ]);
    machine.quiesce();
    expect(machine.inUse.size).toBe(0);
    jobs[1]?.uses?.starts();
    expect(found()[1]).toMatch(/^gpu-fault: a job starts in .*, whose page tables are freed/);
    expect(pt.entries).toBe(1);
  });

  it("looks at what a job lists only, where it lists what it touches", () => {
    const { machine, record, pt, bo, found } = setup();
    const other = new Bo(machine, { size: KIB4 });
    const fence = new DmaFence(machine.fenceContext(), 1);
    const uses = noteUse(machine, fence, { vm: record, lists: [other], keeps: "pages", settled: true });
    expect([...(uses?.bos ?? [])]).toEqual([other]);
    uses?.starts();
    pt.unmap(KIB4, KIB4);
    pt.flush("unmap");
    expect(found()).toEqual([]);
    expect(bo.ptes).toBe(0);
  });

  it("finds a job that starts without the entries, or the pages, of what was mapped when it was submitted", () => {
    const { machine, record, pt, bo, found } = setup();
    const { start } = job(machine, record);
    bo.pages = "evicted";
    start();
    expect(found()[0]).toMatch(/^stale-pte: a job starts while bo#\d+ has no pages/);
    bo.pages = "resident";
    pt.unmap(KIB4, KIB4, "later");
    machine.hazards.length = 0;
    job(machine, record, "pages", false).start();
    expect(found()).toEqual([]);
    job(machine, record).start();
    expect(found()).toEqual([
      "stale-pte: a job starts while 0x1000 is mapped in the tree, but not in the page tables",
    ]);
  });

  it("compares each entry with its mapping", () => {
    const { machine, record, pt, bo, va } = setup();
    expect(record.entriesWrong(va)).toBeNull();
    pt.unmap(KIB4, KIB4);
    pt.map(KIB4, KIB4, bo, 0);
    expect(record.entriesWrong(va)).toBe("0x1000 leads to another page than the tree says");
    pt.unmap(KIB4, KIB4);
    pt.map(KIB4, KIB4, new Bo(machine, { size: KIB4 }), KIB4);
    expect(record.entriesWrong(va)).toBe("0x1000 leads to another object than the tree says");
  });

  it("is off unless asked for", () => {
    const machine = new Machine();
    const bo = new Bo(machine, { size: KIB4 });
    const pt = new PageTable(machine, { pageSizes: [KIB4], tableSpans: [MIB2], tlb: true });
    pt.map(0, KIB4, bo, 0);
    pt.unmap(0, KIB4);
    expect(pt.cached).toBeNull();
    bo.takePages("evicted");
    expect(machine.hazards).toEqual([]);
  });
});

it("finds pinned pages that are taken", () => {
  const machine = new Machine();
  const bo = new Bo(machine, { size: KIB4 });
  bo.pins = 1;
  bo.takePages("evicted");
  expect(machine.hazards.map(({ detail }) => detail)).toEqual([
    expect.stringMatching(/although it is pinned/),
  ]);
});

it("finds an object that is freed with pins", () => {
  const machine = new Machine();
  const bo = new Bo(machine, { size: KIB4 });
  bo.pins = 1;
  bo.put("creator");
  expect(machine.hazards.map(({ detail }) => detail)).toEqual([
    expect.stringMatching(/is freed with 1 pins/),
  ]);
});

it("knows what is counted and lives on a device", () => {
  const { dev } = new Machine();
  const queue = new Kref(dev, "queue#1", "file", () => {});
  expect(liveKrefs(dev)).toEqual([queue]);
  queue.put("file");
  expect(liveKrefs(dev)).toEqual([]);
});
