import { type DmaBuf, DrmFile } from "@gpuvm/drm-model";
import type { PanthorBo } from "./bo.ts";
import type { PanthorGroup } from "./group.ts";
import type { PanthorVm } from "./vm.ts";

/** An open file (`struct panthor_file`): its pools of VMs and groups. */
export class PanthorFile extends DrmFile<PanthorBo> {
  /** VMs by id; each entry holds its VM (`panthor_vm_pool`). */
  readonly vms: Map<number, PanthorVm> = new Map();
  /** Groups by id; each entry holds its group (`panthor_group_pool`). */
  readonly groups: Map<number, PanthorGroup> = new Map();
  /** dma-bufs that the program made, by handle: it keeps the descriptor as long as the handle. */
  readonly exports: Map<number, DmaBuf> = new Map();
  /** What sparse mappings map; counted. One for each file, so that nothing leaks between processes. */
  dummy: PanthorBo | null = null;
}
