import { type DmaBuf, DrmFile, Kref, type Machine } from "@gpuvm/drm-model";
import type { BindExecQueue } from "./bind/bind-exec-queue.ts";
import type { XeQueue } from "./exec/exec-queue.ts";
import type { XeBo } from "./memory/bo.ts";
import type { XeVm } from "./vm/vm.ts";
import type { Xef } from "./xef.ts";

/**
 * An open file (`struct xe_file`): the ids of its VMs and queues. Counted: a VM and a queue hold it until they are freed,
 * so it may outlive the descriptor.
 */
export class XeFile extends DrmFile<XeBo> implements Xef {
  /** VMs by id; each entry holds its VM (`xef->vm.xa`). */
  readonly vms: Map<number, XeVm> = new Map();
  /** Queues by id; each entry holds its queue (`xef->exec_queue.xa`). */
  readonly queues: Map<number, XeQueue | BindExecQueue> = new Map();
  /** dma-bufs that the program made, by handle: it keeps the descriptor as long as the handle. */
  readonly exports: Map<number, DmaBuf> = new Map();
  /** `xef->refcount`. */
  readonly kref: Kref;

  /** A file without ids. */
  constructor(machine: Machine, id: number) {
    super(machine, id);
    this.kref = new Kref(machine.dev, this.name, "device", () => {});
  }
}
