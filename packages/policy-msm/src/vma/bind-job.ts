import { type DmaFence, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { type BindJob, lock, unlock } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { MsmBo } from "../gem/bo.ts";
import { unpinObj } from "../gem/pages.ts";
import type { MsmQueue } from "../gpu/queue.ts";
import type { MsmGemVm } from "./vm.ts";

/** What an operation of the ioctl asks. */
export type BindOpKind = "map" | "unmap" | "map_null";

/** One operation of the ioctl (`struct msm_vm_bind_op`). */
export interface JobOp {
  readonly kind: BindOpKind;
  /** Counted by the job until it is freed; null but for `map`. */
  bo: MsmBo | null;
  readonly handle: number;
  readonly boOffset: number;
  readonly iova: number;
  readonly range: number;
  /** `MSM_VM_BIND_OP_*`. */
  readonly flags: number;
}

/** A page-table update that follows from an operation (`struct msm_vm_op`). */
export interface VmOp {
  /** False: clear. */
  readonly map: boolean;
  readonly iova: number;
  readonly range: number;
  /** Counted until the update is done: an unmapped VMA is unlinked by then, only this keeps the object. */
  readonly bo: MsmBo | null;
  readonly offset: number;
}

/** A bind job (`struct msm_vm_bind_job`): holds its queue, by which the VM lives, its objects, and those of its updates. */
export class MsmVmBindJob {
  /** Unique on its device. */
  readonly id: number;
  /** Counted. */
  readonly queue: MsmQueue;
  /** Not counted. */
  readonly vm: MsmGemVm;
  /** In the order of the ioctl. */
  readonly ops: readonly JobOp[];
  /** Updates to do, in order. */
  readonly vmOps: VmOp[] = [];
  /** Page-table pages counted against the VM's throttle. */
  prealloc = 0;
  /** How many operations' objects are pinned. */
  pinned = 0;
  /** The operation that is translated now. */
  current: JobOp | null = null;
  /** It is exactly what is mapped already: the VMA stays, with new flags. */
  kept = false;
  readonly #msm: Msm;

  /** A job that holds its queue. */
  constructor(msm: Msm, queue: MsmQueue, vm: MsmGemVm, ops: readonly JobOp[]) {
    this.id = msm.dev.serial();
    this.queue = queue.get(this);
    this.vm = vm;
    this.ops = ops;
    this.#msm = msm;
  }

  /** `bind_job#7`, for findings. */
  get name(): string {
    return `bind_job#${this.id}`;
  }

  /** Adds an update, which holds its object (`vm_op_enqueue`). */
  enqueue(op: VmOp): void {
    op.bo?.get(this);
    this.vmOps.push(op);
  }

  /** For the scheduler. */
  armed(after: readonly DmaFence[], finished: DmaFence): BindJob {
    return { label: this.name, after, finished, run: () => this.#run(), free: () => this.release() };
  }

  /**
   * Does the updates, in the fence-signalling path (`msm_vma_job_run`). After a failed map no more maps are done, and
   * the VM is lost; unmaps always are: pages that go must not be reachable. An object may be freed in here.
   */
  *#run(): Steps<Errno> {
    const msm = this.#msm;
    const { dev } = msm;
    const { vm } = this;
    let ret: Errno = 0;
    yield* lock(dev, vm.mmuLock, "msm_vma_job_run");
    for (let i = 0; i < this.vmOps.length; i++) {
      const { map, iova, range, bo, offset } = this.vmOps[i] as VmOp;
      if (!map) {
        vm.pt.unmap(iova, range);
        vm.pt.flush("unmap");
      } else if (ret === 0 && !vm.unusable) {
        if (dev.mayAlloc("page table")) vm.pt.map(iova, range, bo, offset);
        else ret = -ENOMEM;
      }
      bo?.put(this);
    }
    this.vmOps.length = 0;
    if (ret !== 0) vm.giveUp();
    unlock(dev, vm.mmuLock);
    yield* this.unpin();
    return ret;
  }

  /** Pages stay for the fence's sake now (`job_unpin_objects`): under the LRU lock, not the objects'. */
  *unpin(): Steps<void> {
    if (this.pinned === 0) return;
    const { dev, lruLock } = this.#msm;
    if (this.#msm.defects.has("M7")) {
      // Before 8a7023b03535 each object's dma_resv was taken, whose holders may wait for this very job.
      for (const { bo } of this.ops) {
        if (bo === null) continue;
        yield* lock(dev, bo.resv, "msm_gem_unpin_locked");
        unlock(dev, bo.resv);
      }
    }
    yield* lock(dev, lruLock, "msm_gem_unpin_active");
    for (const { bo } of this.ops) {
      if (bo === null || this.pinned === 0) continue;
      unpinObj(this.#msm, bo);
      this.pinned--;
    }
    unlock(dev, lruLock);
  }

  /** Lets go of everything, whether or not it ran (`msm_vma_job_free`, `msm_vm_bind_job_free`). */
  *release(): Steps<void> {
    this.vm.preallocInFlight -= this.prealloc;
    this.prealloc = 0;
    for (const { bo } of this.vmOps.splice(0)) bo?.put(this);
    for (const op of this.ops) {
      op.bo?.put(this);
      op.bo = null;
    }
    this.queue.put(this);
  }
}
