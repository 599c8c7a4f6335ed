import {
  DrmExec,
  EACCES,
  EAGAIN,
  EINVAL,
  ENOENT,
  EPERM,
  type Errno,
  gpuvaFindFirst,
  type Steps,
} from "@gpuvm/core";
import { KIB4, lock, unlock, waitFence } from "@gpuvm/drm-model";
import { PAGEFAULT_QUEUES, type Xe } from "../device.ts";
import { BIND_READONLY } from "../flags.ts";
import { pinPages } from "../userptr/userptr-pin.ts";
import { rebindVma } from "./rebind-vma.ts";
import { migrateBo, validateBo } from "./validate.ts";
import { gpuvmToVm, type XeVm, type XeVma } from "./vm.ts";
import { TILE0 } from "./vma.ts";

/** What the GPU was about to do. An atomic access of memory needs VRAM, where there is such. */
export type PagefaultAccess = "read" | "write" | "atomic";

/** A page fault of the GPU's (`struct xe_pagefault`). */
export interface XePagefault {
  /** Which address space (`consumer.asid`). */
  readonly asid: number;
  /** Where (`consumer.page_addr`). */
  readonly addr: number;
  readonly access: PagefaultAccess;
  /** The GPU may go on, or can't (`producer.ops->ack_fault`). */
  readonly ack: (err: Errno) => void;
}

/** The GPU faults (`xe_pagefault_handler`): a worker looks at it, after those before of the same queue. */
export function pagefaultHandler(xe: Xe, fault: XePagefault): void {
  xe.pendingFaults.add(fault);
  xe.pagefaults[fault.asid % PAGEFAULT_QUEUES]?.queue(() => queueWork(xe, fault));
}

/** `xe_pagefault_queue_work`. */
function* queueWork(xe: Xe, fault: XePagefault): Steps<void> {
  // Squashed by a reset.
  if (!xe.pendingFaults.delete(fault)) return;
  fault.ack(yield* service(xe, fault));
}

/**
 * `xe_pagefault_service`.
 *
 * @returns 0; -EINVAL: no such address space, or nothing mapped there; -ENOENT: it is being closed; -EPERM: read-only; what
 * {@link handleVma} answers
 */
function* service(xe: Xe, { asid, addr, access }: XePagefault): Steps<Errno> {
  const { dev } = xe.machine;
  // `xe_pagefault_asid_to_vm`
  const gpuvm = xe.asidToVm.get(asid);
  const vm = gpuvm === undefined ? undefined : gpuvmToVm(xe, gpuvm);
  if (vm === undefined) return -EINVAL;
  vm.gpuvm.get("pagefault");
  yield* lock(dev, vm.lock, "xe_pagefault_service");
  const vma = vm.size === 0 ? null : findVma(vm, addr);
  let err: Errno = vm.size === 0 ? -ENOENT : -EINVAL;
  if (vma !== null) {
    const forbidden = (vma.flags & BIND_READONLY) !== 0 && access !== "read";
    err = forbidden ? -EPERM : yield* handleVma(vma, access === "atomic");
    if (err === 0) vm.lastFaultVma = vma;
  }
  unlock(dev, vm.lock);
  vm.gpuvm.put("pagefault");
  return err;
}

/** `xe_vm_find_vma_by_addr`. */
function findVma(vm: XeVm, addr: number): XeVma | null {
  const last = vm.lastFaultVma;
  if (last !== null && last.start <= addr && addr < last.end) return last;
  const va = gpuvaFindFirst(vm.gpuvm, addr - (addr % KIB4), KIB4);
  return va === 0 ? null : (vm.vmas[va] ?? null);
}

/**
 * Writes the entries of a mapping that a fault needs (`xe_pagefault_handle_vma`), and waits until they are there. The VM's lock is
 * held.
 *
 * @returns 0; -EACCES: what is mapped may go, or went; -EFAULT: the program has no memory there; -ENOMEM
 */
function* handleVma(vma: XeVma, atomic: boolean): Steps<Errno> {
  const { vm } = vma;
  // `xe_vma_need_vram_for_atomic`
  const needsVram = atomic && vm.xe.platform.vram > 0;
  if (needsVram && vma.userptr !== null) return -EACCES;
  if ((vma.tilePresent & ~vma.tileInvalidated & TILE0) !== 0 && !atomic) return 0;
  for (;;) {
    if (vma.userptr?.stale === true) {
      const err = yield* pinPages(vma);
      if (err !== 0) return err;
    }
    const err = yield* lockAndRebind(vma, needsVram);
    if (err !== -EAGAIN) return err;
  }
}

function* lockAndRebind(vma: XeVma, needsVram: boolean): Steps<Errno> {
  const { dev } = vma.vm.gpuvm;
  const exec = new DrmExec(dev);
  let err: Errno = 0;
  while (exec.untilAllLocked()) {
    err = yield* begin(vma, exec, needsVram);
    if (exec.contended === null && err !== 0) break;
  }
  if (err === 0) {
    const fence = yield* rebindVma(vma);
    if (typeof fence === "number") err = fence;
    else yield* waitFence(dev, fence, "xe_pagefault_handle_vma");
  }
  exec.fini();
  return err;
}

/** `xe_pagefault_begin`. */
function* begin({ vm, bo }: XeVma, exec: DrmExec, needsVram: boolean): Steps<Errno> {
  // `xe_vm_lock_vma`
  yield* exec.lockObj(vm.gpuvm.rObj);
  if (exec.contended !== null) return 0;
  if (bo === null) return 0;
  if (bo.vm === null) yield* exec.lockObj(bo);
  if (exec.contended !== null) return 0;
  // Its pages would be out of the shrinker's reach again. Scratch is there to be read instead.
  if (bo.madv !== "willneed") return vm.hasScratch ? 0 : -EACCES;
  return needsVram ? yield* migrateBo(bo, "vram") : yield* validateBo(bo, vm, true);
}
