import { type DmaFence, EINVAL, type Errno, type Steps } from "@gpuvm/core";
import { lock, unlock } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { MsmBo } from "../gem/bo.ts";
import { unpinObj, unpinOne } from "../gem/pages.ts";
import type { MsmQueue } from "../gpu/queue.ts";
import type { SchedJob } from "../gpu/sched.ts";
import type { Prealloc } from "../mmu/mmu.ts";
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
export class MsmVmBindJob implements SchedJob {
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
  /** Page-table pages: counted against the VM's throttle, and taken beforehand. */
  readonly prealloc: Prealloc = { count: 0, used: 0 };
  /** The operations' objects are pinned (`bos_pinned`). */
  pinned = false;
  /** The operation that is translated now. */
  current: JobOp | null = null;
  /** It is exactly what is mapped already: the VMA stays, with new flags. */
  kept = false;
  /** What it waits for. */
  after: readonly DmaFence[] = [];
  readonly freesAlone = true;
  #finished: DmaFence | null = null;
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

  /** It is ready for the scheduler (`drm_sched_job_arm`). */
  arm(after: readonly DmaFence[], finished: DmaFence): void {
    this.after = after;
    this.#finished = finished;
  }

  /** See `SchedJob`; not before {@link MsmVmBindJob.arm}. */
  get finished(): DmaFence {
    return this.#finished as DmaFence;
  }

  /**
   * Does the updates, in the fence-signalling path (`msm_vma_job_run`). After a failed map no more maps are done, and
   * the VM is lost; unmaps always are: pages that go must not be reachable. An object may be freed in here. The fence
   * tells nothing of it: whoever asks next is told that the VM is lost.
   */
  *run(): Steps<Errno> {
    const msm = this.#msm;
    const { dev } = msm;
    const { vm } = this;
    let ret: Errno = vm.unusable ? -EINVAL : 0;
    yield* lock(dev, vm.mmuLock, "msm_vma_job_run");
    for (let i = 0; i < this.vmOps.length; i++) {
      const { map, iova, range, bo, offset } = this.vmOps[i] as VmOp;
      if (!map) {
        msm.log?.unmap(vm, iova, range, "unmap");
        vm.mmu.unmap(iova, range);
      } else if (ret === 0) {
        msm.log?.map(vm, iova, range);
        ret = dev.mayAlloc("page table") ? vm.mmu.map(iova, bo, offset, range, this.prealloc) : -EINVAL;
      }
      bo?.put(this);
    }
    this.vmOps.length = 0;
    if (ret !== 0) vm.giveUp();
    unlock(dev, vm.mmuLock);
    yield* this.#unpinActive();
    return 0;
  }

  /** Pages stay for the fence's sake now: under the LRU lock, not the objects'. */
  *#unpinActive(): Steps<void> {
    yield* this.#msm.history.beforeUnpin(this);
    yield* this.#unpin();
  }

  *#unpin(): Steps<void> {
    const { dev, lruLock } = this.#msm;
    yield* lock(dev, lruLock, "msm_gem_unpin_active");
    for (const { bo } of this.ops) if (bo !== null) unpinObj(this.#msm, bo);
    unlock(dev, lruLock);
    this.pinned = false;
  }

  /** It will not run (`vm_bind_job_unpin_objects`). Needs the objects' locks. */
  *unpinLocked(): Steps<void> {
    if (!this.pinned) return;
    for (const { bo } of this.ops) if (bo !== null) yield* unpinOne(this.#msm, bo);
    this.pinned = false;
  }

  /** Lets go of everything, whether or not it ran (`msm_vma_job_free`, `msm_vm_bind_job_free`). */
  *free(): Steps<void> {
    if (this.pinned) yield* this.#unpin();
    const { count, used } = this.prealloc;
    this.#msm.log?.preallocCleanup(count, used);
    this.vm.preallocInFlight -= count;
    this.prealloc.count = 0;
    for (const { bo } of this.vmOps.splice(0)) bo?.put(this);
    for (const op of this.ops) {
      op.bo?.put(this);
      op.bo = null;
    }
    this.queue.put(this);
  }
}
