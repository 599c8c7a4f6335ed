import { type DmaFence, EINVAL, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { Kref, type QueueClose, type QueueNew, type WaitFence, waitFence } from "@gpuvm/drm-model";
import type { Panthor } from "./device.ts";
import { type KernelBo, kernelBoCreate, kernelBoDestroy } from "./kernel-bo.ts";
import type { PanthorFile } from "./panthor-file.ts";
import type { PanthorVm } from "./vm.ts";
import { vmGet } from "./vm-pool.ts";

/** Bytes of what the firmware keeps of a suspended group, twice: in its own VM. */
const SUSPEND_BYTES = 64 * 1024;
/** Bytes of one queue's ring buffer, in the group's VM. */
const RINGBUF_BYTES = 64 * 1024;
/** Bytes of one queue's interface, in the firmware's VM. */
const IFACE_BYTES = 8192;

/** A scheduling group (`struct panthor_group`). Counted by the file's pool and by each job. */
export class PanthorGroup {
  /** References. */
  readonly kref: Kref;
  /** Where its work runs; counted. */
  readonly vm: PanthorVm;
  /** Timeline of its jobs. */
  readonly context: number;
  /** Jobs so far. */
  seqno = 0;
  /** No new jobs. */
  destroyed = false;
  /** Memory of the driver's own: suspend buffers, ring buffers, sync objects. */
  readonly memory: KernelBo[] = [];
  /** Fences that have not signalled, by number. */
  readonly pending: Map<number, DmaFence> = new Map();

  /** A group with one reference, of the creator. It takes over the caller's reference on the VM. */
  constructor(panthor: Panthor, vm: PanthorVm) {
    const { machine } = panthor;
    this.vm = vm;
    this.context = machine.fenceContext();
    this.kref = new Kref(machine.dev, `queue#${machine.dev.serial()}`, "creator", () => {
      // `group_release`: freed by a work, as it takes locks.
      machine.queueWork("panthor group_release_work", () => this.#free(panthor));
    });
    machine.dev.ledger?.move(vm.gpuvm, "ioctl", this.kref);
  }

  *#free(panthor: Panthor): Steps<void> {
    for (const kbo of this.memory.splice(0)) yield* kernelBoDestroy(panthor, kbo);
    this.vm.gpuvm.put(this.kref);
  }
}

/** `panthor_ioctl_group_create`. */
export function* groupCreate(panthor: Panthor, file: PanthorFile, req: QueueNew): Steps<Errno> {
  const { dev } = panthor.machine;
  if (file.groups.has(req.queue)) return -EINVAL;
  const vm = yield* vmGet(panthor, file, req.vm);
  if (vm === undefined) return -EINVAL;
  if (!dev.mayAlloc("panthor group")) {
    vm.gpuvm.put("ioctl");
    return -ENOMEM;
  }
  const group = new PanthorGroup(panthor, vm);
  const mcu = panthor.mcu as PanthorVm;
  const sizes: [PanthorVm, number][] = [
    [mcu, SUSPEND_BYTES],
    [mcu, SUSPEND_BYTES],
    [vm, 4096],
  ];
  for (let i = 0; i < (req.queues ?? 1); i++) sizes.push([vm, RINGBUF_BYTES], [mcu, IFACE_BYTES]);
  for (const [where, size] of sizes) {
    const kbo = yield* kernelBoCreate(panthor, where, size, group.kref);
    if (typeof kbo === "number") {
      group.kref.put("creator");
      return kbo;
    }
    group.memory.push(kbo);
  }
  dev.ledger?.move(group.kref, "creator", file);
  file.groups.set(req.queue, group);
  return 0;
}

/** `panthor_ioctl_group_destroy`. */
export function* groupDestroyIoctl(file: PanthorFile, req: QueueClose): Steps<Errno> {
  const group = file.groups.get(req.queue);
  if (group === undefined) return -EINVAL;
  file.groups.delete(req.queue);
  groupDestroy(file, group);
  return 0;
}

/** The pool's part in a group's end. */
export function groupDestroy(file: PanthorFile, group: PanthorGroup): void {
  group.destroyed = true;
  group.kref.put(file);
}

/** Waits for the n-th job of a group, counted from 1 (a user-mode driver's wait on its syncobj). */
export function* groupWait(panthor: Panthor, file: PanthorFile, req: WaitFence): Steps<Errno> {
  const group = file.groups.get(req.queue ?? 0);
  if (group === undefined) return -EINVAL;
  const fence = group.pending.get(req.fence);
  if (fence !== undefined) yield* waitFence(panthor.machine.dev, fence, "drm_syncobj_wait");
  return 0;
}
