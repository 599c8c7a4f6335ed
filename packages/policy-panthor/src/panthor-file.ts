import { type DmaBuf, DrmFile, LowestFree } from "@gpuvm/drm-model";
import type { PanthorBo } from "./gem/bo.ts";
import type { PanthorVm } from "./mmu/vm.ts";
import type { PanthorGroup } from "./sched/group.ts";

/** An open file (`struct panthor_file`): its pools of VMs and groups. */
export class PanthorFile extends DrmFile<PanthorBo> {
  /** VMs by id; each entry holds its VM (`panthor_vm_pool`). */
  readonly vms: Map<number, PanthorVm> = new Map();
  /** Groups by id; each entry holds its group (`panthor_group_pool`). */
  readonly groups: Map<number, PanthorGroup> = new Map();
  /** The kernel's numbers of VMs and groups. */
  readonly vmNumbers: LowestFree = new LowestFree();
  /** See {@link PanthorFile.vmNumbers}. */
  readonly groupNumbers: LowestFree = new LowestFree();
  /** Tiler heaps by the program's number: the VM's id, and the heap's number in its pool. */
  readonly heaps: Map<number, { readonly vm: number; readonly id: number }> = new Map();
  /** The last number given to a heap that the program has no number for; below 0. */
  unnamedHeaps = 0;
  /** dma-bufs that the program made, by handle: it keeps the descriptor as long as the handle. */
  readonly exports: Map<number, DmaBuf> = new Map();
  /** Objects that the program has mapped to the CPU, by the handle that they had then; counted. */
  readonly mmaps: Map<number, PanthorBo> = new Map();
  /** What sparse mappings map; counted. One for each file, so that nothing leaks between processes. */
  dummy: PanthorBo | null = null;
}
