import { EACCES, ECANCELED, EFAULT, EINVAL, ENOENT, ENOMEM, EPERM, type Errno } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import type { XeQueue } from "../src/exec/exec-queue.ts";
import { BIND_READONLY, VM_FAULT_MODE, VM_LR_MODE, VM_SCRATCH_PAGE, type XeDriver } from "../src/index.ts";
import { type PagefaultAccess, pagefaultHandler } from "../src/vm/pagefault.ts";
import { Bench, MIB } from "./bench.ts";

const FAULT = VM_LR_MODE | VM_FAULT_MODE;
const MEM = 0x7000_0000;
const VRAM = 2;
const SYSTEM = 1;
const MAP = { kind: "map", bo: 1, va: 0, length: MIB } as const;

class Faulting extends Bench {
  /** A VM with page faults, with a queue and a mapped buffer. */
  constructor(flags = 0, options: ConstructorParameters<typeof Bench>[0] = {}, more: object = {}) {
    super(options);
    this.ask({ op: "vm_create", vm: 1, flags: FAULT | flags });
    this.ask({ op: "gem_new", bo: 1, size: 4 * MIB, ...more });
    this.ask({ op: "queue_new", queue: 1, vm: 1 });
    this.bind(1, MAP);
  }

  /** What a fault is answered with. */
  fault(addr: number, access: PagefaultAccess = "read", asid?: number): Errno | null {
    let answer: Errno | null = null;
    const ack = (err: Errno) => {
      answer = err;
    };
    const { xe } = this.vm(1);
    pagefaultHandler(xe, { asid: asid ?? this.vm(1).asid, addr, access, ack });
    this.machine.quiesce();
    return answer;
  }

  /** The batch at hand touches an address. */
  touch(addr: number, access?: PagefaultAccess): void {
    (this.replay.driver as XeDriver).gpu.touch(this.file(), 1, addr, access);
  }

  queue(): XeQueue {
    return this.file().queues.get(1) as XeQueue;
  }

  clean(): void {
    this.finish();
    expect(this.machine.hazards).toEqual([]);
    expect(this.references()).toEqual([]);
  }
}

describe("a page fault", () => {
  it("writes the entries of the whole mapping, once", () => {
    const bench = new Faulting();
    expect(bench.ptes(1)).toEqual([]);
    expect(bench.fault(0x1234)).toBe(0);
    expect(bench.ptes(1).map(([start, end]) => [start, end])).toEqual([[0, MIB]]);
    const { ptMaps } = bench.machine.counts;
    expect(bench.fault(MIB / 2, "write")).toBe(0);
    expect(bench.machine.counts.ptMaps).toBe(ptMaps);
    bench.clean();
  });

  it("of no address space, or of none that can fault, is refused", () => {
    const bench = new Faulting();
    bench.ask({ op: "vm_create", vm: 2, flags: VM_LR_MODE });
    expect(bench.fault(0, "read", 99)).toBe(-EINVAL);
    expect(bench.fault(0, "read", bench.vm(2).asid)).toBe(-EINVAL);
    bench.clean();
  });

  it("in a VM that has gone is refused", () => {
    const bench = new Faulting();
    const { asid, xe } = bench.vm(1);
    expect(bench.ask({ op: "vm_destroy", vm: 1 })).toBe(0);
    let answer: Errno = 0;
    const ack = (err: Errno) => {
      answer = err;
    };
    pagefaultHandler(xe, { asid, addr: 0, access: "read", ack });
    bench.machine.settle();
    expect(answer).toBe(-EINVAL);
    bench.clean();
  });

  it("where nothing is mapped is refused, and where a mapping does not allow it", () => {
    const bench = new Faulting();
    bench.bind(1, { ...MAP, va: 8 * MIB, flags: BIND_READONLY });
    expect(bench.fault(4 * MIB)).toBe(-EINVAL);
    expect(bench.fault(8 * MIB, "write")).toBe(-EPERM);
    expect(bench.fault(8 * MIB, "atomic")).toBe(-EPERM);
    expect(bench.ptes(1)).toEqual([]);
    expect(bench.fault(8 * MIB)).toBe(0);
    bench.clean();
  });

  it("brings back what was evicted", () => {
    const bench = new Faulting();
    bench.fault(0);
    bench.shrink(64 * MIB);
    expect([bench.bo(1).pages, bench.ptes(1).length]).toEqual(["evicted", 0]);
    expect(bench.fault(0)).toBe(0);
    expect([bench.bo(1).pages, bench.ptes(1).length]).toEqual(["resident", 1]);
    bench.clean();
  });

  it("of what may go is refused, and reads scratch where there is such", () => {
    for (const flags of [0, VM_SCRATCH_PAGE]) {
      const bench = new Faulting(flags);
      bench.ask({ op: "madvise", bo: 1, willneed: false });
      expect(bench.fault(0)).toBe(flags === 0 ? -EACCES : 0);
      expect(bench.bo(1).madv).toBe("dontneed");
      bench.clean();
    }
  });

  it("of the program's own memory looks it up, and again when it has changed", () => {
    const bench = new Faulting();
    bench.bind(1, { kind: "map_userptr", va: 8 * MIB, length: 0x2000, boOffset: MEM });
    const { memory } = bench.file().process;
    expect(bench.fault(8 * MIB)).toBe(0);
    const first = bench.vm(1).pt.ptes.at(8 * MIB)?.user;
    bench.machine.call(memory.invalidate(bench.machine, MEM, MEM + 0x1000, "replace"));
    expect(bench.ptes(1)).toEqual([]);
    expect(bench.fault(8 * MIB)).toBe(0);
    const { user } = bench.vm(1).pt.ptes.at(8 * MIB) ?? {};
    expect([first?.gone, user?.gone]).toEqual([true, false]);
    bench.machine.call(memory.invalidate(bench.machine, MEM, MEM + 0x1000, "unmap"));
    expect(bench.fault(8 * MIB)).toBe(-EFAULT);
    bench.clean();
  });

  it("that is atomic needs VRAM, where there is such", () => {
    const vram = 64 * MIB;
    const bench = new Faulting(0, { vram }, { placement: SYSTEM | VRAM });
    bench.ask({ op: "gem_new", bo: 2, size: MIB, placement: SYSTEM });
    bench.bind(1, { ...MAP, bo: 2, va: 8 * MIB });
    bench.bind(1, { kind: "map_userptr", va: 16 * MIB, length: 0x2000, boOffset: MEM });
    bench.ask({ op: "madvise", bo: 1, willneed: true });
    bench.fault(0);
    expect(bench.fault(8 * MIB, "atomic")).toBe(-EINVAL);
    expect(bench.fault(16 * MIB, "atomic")).toBe(-EACCES);
    expect(bench.fault(0, "atomic")).toBe(0);
    expect(bench.bo(1).place).toBe("vram");
    bench.clean();
  });

  it("without memory for a table is refused, and leaves nothing", () => {
    const bench = new Faulting();
    bench.machine.dev.failAlloc = (what) => what === "xe page table";
    const before = bench.references();
    expect(bench.fault(0)).toBe(-ENOMEM);
    expect([bench.ptes(1), bench.vm(1).vmas.filter((vma) => vma?.tilePresent === 1)]).toEqual([[], []]);
    bench.machine.dev.failAlloc = null;
    // But for the driver's own queue.
    const more = bench.references().filter((line) => !before.includes(line));
    expect(more).toEqual([expect.stringMatching(/^queue#\d+ <- device x1$/)]);
    expect(bench.fault(0)).toBe(0);
    bench.clean();
  });
});

describe("a batch", () => {
  it("waits for the answer to its fault, and goes on", () => {
    const bench = new Faulting();
    bench.ask({ op: "exec", queue: 1, batches: 1 });
    bench.touch(0);
    expect(bench.ptes(1)).toEqual([]);
    bench.machine.quiesce();
    expect([bench.ptes(1).length, bench.queue().idle, bench.queue().killed]).toEqual([1, true, false]);
    // What leads somewhere is no fault.
    bench.ask({ op: "exec", queue: 1, batches: 1 });
    const { worked } = bench.machine;
    bench.touch(0x1000, "write");
    expect(bench.machine.worked).toBe(worked);
    bench.clean();
  });

  it("that can't go on costs its queue", () => {
    const bench = new Faulting();
    bench.ask({ op: "exec", queue: 1, batches: 1 });
    bench.touch(4 * MIB);
    bench.machine.settle();
    expect([bench.queue().killed, bench.queue().idle]).toEqual([true, true]);
    expect(bench.ask({ op: "exec", queue: 1, batches: 1 })).toBe(-ECANCELED);
    bench.clean();
  });

  it("without page faults has none: there is the scratch page, or the end of the queue", () => {
    for (const flags of [0, VM_SCRATCH_PAGE]) {
      const bench = new Bench();
      bench.ask({ op: "vm_create", vm: 1, flags });
      bench.ask({ op: "queue_new", queue: 1, vm: 1 });
      bench.ask({ op: "exec", queue: 1, batches: 1 });
      (bench.replay.driver as XeDriver).gpu.touch(bench.file(), 1, 4 * MIB);
      const queue = bench.file().queues.get(1) as XeQueue;
      expect(queue.killed).toBe(flags === 0);
      bench.finish();
      expect(bench.machine.hazards).toEqual([]);
    }
  });

  it("of a VM that is destroyed meets nothing, and its queue ends", () => {
    const bench = new Faulting();
    bench.ask({ op: "exec", queue: 1, batches: 1 });
    expect(bench.ask({ op: "vm_destroy", vm: 1 })).toBe(0);
    bench.touch(0);
    bench.machine.settle();
    expect(bench.queue().killed).toBe(true);
    expect(bench.ask({ op: "vm_destroy", vm: 1 })).toBe(-ENOENT);
    bench.clean();
  });
});
