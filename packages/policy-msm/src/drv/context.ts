import { type DmaFence, EBUSY, EINVAL, type Errno, type Holder, Lock, type Steps } from "@gpuvm/core";
import { type DmaBuf, type DrmFile, Kref, lock, unlock } from "@gpuvm/drm-model";
import type { MsmQueue } from "../gpu/queue.ts";
import type { SchedEntity } from "../gpu/sched.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import type { Msm } from "./device.ts";

/** What a file has beside handles (`struct msm_context`); lives on while one of its queues does. */
export class MsmContext {
  /** `context#3`. */
  readonly name: string;
  /** Number of the file. */
  readonly file: number;
  /** The VM, once something needed one; counted until the context goes. */
  vm: MsmGemVm | null = null;
  /** The program opted in to VM_BIND; fixed once there is a VM. */
  vmBind = false;
  /** The file is closed: submits that are not on the ring yet become empty. */
  closed = false;
  /** By the program's number; 0 is made with the context. */
  readonly queues: Map<number, MsmQueue> = new Map();
  /** Where its submits wait, by ring and priority (`entities`). */
  readonly entities: Map<number, SchedEntity> = new Map();
  /** Protects the creation of the VM (`ctxlock`). */
  readonly lock: Lock;
  /** The model's: descriptors that a recorded program made, by handle. */
  readonly exports: Map<number, DmaBuf> = new Map();
  /** The model's: fence of the last submit that signals a syncobj: what a bind that waits for one waits for. */
  lastSubmit: DmaFence | null = null;
  readonly #refs: Kref;

  /** A context with one reference, the file's, and without its first queue: see `MsmFile`. */
  constructor(msm: Msm, file: DrmFile) {
    const { dev } = msm;
    this.name = `context#${dev.serial()}`;
    this.file = file.id;
    this.#refs = new Kref(dev, this.name, file, () => this.vm?.put(this));
    this.lock = new Lock(`lock of ${this.name}`, "msm_context", dev.lockdep);
  }

  /** Takes a reference (`msm_context_get`). */
  get(holder: Holder): void {
    this.#refs.get(holder);
  }

  /** Drops a reference; the last one drops the VM's (`msm_context_put`). */
  put(holder: Holder): void {
    this.#refs.put(holder);
  }
}

/**
 * `MSM_SET_PARAM(EN_VM_BIND)`: only before the VM is made, and only where a program can have one of its own. `on` false
 * takes it back.
 */
export function* enableVmBind(msm: Msm, ctx: MsmContext, on = true): Steps<Errno> {
  if (!msm.rules.vmBind || !msm.privateVms) return -EINVAL;
  yield* lock(msm.dev, ctx.lock, "msm_ioctl_set_param");
  const ret = ctx.vm !== null ? -EBUSY : 0;
  if (ret === 0) ctx.vmBind = on;
  unlock(msm.dev, ctx.lock);
  return ret;
}
