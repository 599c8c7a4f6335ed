import type { DmaFence, Errno, Steps } from "@gpuvm/core";
import { opsExecute } from "../bind/bind-execute.ts";
import { rebindOp } from "../bind/bind-op.ts";
import { PtUpdateOps } from "../pt/update-ops.ts";
import type { XeVma } from "./vm.ts";

/**
 * Writes the entries of a VMA of a VM with page faults (`xe_vma_rebind`), on the driver's own queue. Nobody's TLB is waited for: what
 * was not there is in none. The VM's lock is held, and the dma_resvs of VM and object.
 *
 * @returns the fence of the update; -EAGAIN: the program's own memory has changed meanwhile; -ENOMEM
 */
export function rebindVma(vma: XeVma): Steps<DmaFence | Errno> {
  const { vm } = vma;
  const work = new PtUpdateOps(vm.xe.migrateQueue());
  work.waitVmBookkeep = true;
  work.skipTlbWait = true;
  return opsExecute(vm, work, [rebindOp(vma)]);
}
