import { type Errno, gpuvaFindFirst } from "@gpuvm/core";
import { type DrmFile, type GpuFaults, KIB4 } from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";
import { BIND_READONLY } from "../flags.ts";
import type { XeBo } from "../memory/bo.ts";
import { type PagefaultAccess, pagefaultHandler } from "../vm/pagefault.ts";
import type { XeVm } from "../vm/vm.ts";
import type { WedgedMode } from "../wedged.ts";
import type { XeFile } from "../xe-file.ts";
import { XeQueue } from "./exec-queue.ts";
import { resetTriggerCleanup } from "./queue-kill.ts";
import { MIGRATE, type RingJob } from "./ring.ts";

/** What the GPU does that no request asks for. */
export interface XeGpu extends GpuFaults {
  /**
   * The batch at hand of a queue touches an address. What does not lead to memory is a page fault where the VM has such, behind
   * which the batch waits; else its queue is done for. Nothing, if no batch of it is at hand.
   */
  touch(file: DrmFile, queue: number, addr: number, access?: PagefaultAccess): void;
  /** So many of the driver's next copies never end. */
  hangCopies(jobs: number): void;
  /** The GT is reset, for what has nothing to do with the work of programs (`force_reset` of debugfs, or an engine that can't be reset). */
  reset(): void;
  /** When the device is to be given up (`wedged_mode` of debugfs). */
  setWedgedMode(mode: WedgedMode): void;
}

/** The GPU of a device. */
export function xeGpu(xe: Xe): XeGpu {
  return {
    hang: () => xe.hang(),
    hangCopies: (jobs) => xe.ring(MIGRATE).hang(jobs),
    reset: () => xe.gt.resetAsync(),
    setWedgedMode(mode) {
      xe.wedged.mode = mode;
    },
    touch(file, id, addr, access = "read") {
      const queue = (file as XeFile).queues.get(id);
      if (!(queue instanceof XeQueue) || queue.killed) return;
      const ring = xe.ring(queue.engineClass);
      const job = queue.pending.toArray().find((pending) => ring.has(pending));
      if (job === undefined || leads(queue.vm, addr, access)) return;
      if (!queue.vm.faultMode) resetTriggerCleanup(queue);
      else {
        const fault = ring.faults(job);
        if (fault !== null) new Toucher(queue, job, fault, addr, access).faults();
      }
    },
  };
}

/** A batch that waits until it can go on. */
class Toucher {
  readonly #queue: XeQueue;
  readonly #job: RingJob;
  readonly #fault: object;
  readonly #addr: number;
  readonly #access: PagefaultAccess;

  constructor(queue: XeQueue, job: RingJob, fault: object, addr: number, access: PagefaultAccess) {
    this.#queue = queue;
    this.#job = job;
    this.#fault = fault;
    this.#addr = addr;
    this.#access = access;
  }

  faults(): void {
    const { vm } = this.#queue;
    const ack = (err: Errno) => this.#answered(err);
    pagefaultHandler(vm.xe, { asid: vm.asid, addr: this.#addr, access: this.#access, ack });
  }

  #answered(err: Errno): void {
    const { vm, engineClass } = this.#queue;
    const ring = vm.xe.ring(engineClass);
    if (!ring.waitsFor(this.#job, this.#fault)) return;
    if (err !== 0) resetTriggerCleanup(this.#queue);
    // It tries again, and may be too late for what was made ready.
    else if (leads(vm, this.#addr, this.#access)) ring.faultAnswered(this.#job);
    else this.faults();
  }
}

/** Whether the GPU comes to memory by an address, or to the scratch page. */
function leads(vm: XeVm, addr: number, access: PagefaultAccess): boolean {
  const va = gpuvaFindFirst(vm.gpuvm, addr - (addr % KIB4), KIB4);
  const vma = va === 0 ? undefined : vm.vmas[va];
  const run = vm.pt.ptes.at(addr);
  if (run === null) return vma === undefined && vm.hasScratch;
  if (access !== "read" && ((vma?.flags ?? 0) & BIND_READONLY) !== 0) return false;
  return (
    access !== "atomic" || vm.xe.platform.vram === 0 || run.bo === null || (run.bo as XeBo).place === "vram"
  );
}
