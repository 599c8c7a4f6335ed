import {
  type DmaFence,
  type DmaResv,
  EINVAL,
  ENOENT,
  ENOMEM,
  type Errno,
  type GemFuncs,
  type Lock,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import { Bo, type GemNew, lock, preempt, releaseBo, unlock, waitFence } from "@gpuvm/drm-model";
import type { Xe } from "./device.ts";
import { GEM_DEFER_BACKING } from "./flags.ts";
import { PreemptFence } from "./preempt-fence.ts";
import type { XeVm } from "./vm.ts";
import type { XeFile } from "./xe-file.ts";

/** Whether a BO's contents are still wanted (`enum xe_madv_purgeable_state`). Purged is final. */
export type Purgeable = "willneed" | "dontneed" | "purged";

/**
 * A buffer object (`struct xe_bo`). A private one (`bo->vm`) shares its VM's dma_resv and, being a user's, holds the
 * VM: a handle that is left keeps the VM struct, though not its page tables.
 */
export class XeBo extends Bo {
  /** Protects the list of its client's buffers. */
  readonly bosLock: Lock;
  /** The only VM that may map it; counted. */
  readonly vm: XeVm | null;
  /** Contents wanted? Protected by its dma_resv. */
  madv: Purgeable = "willneed";
  /** VMAs of it (`bo->purgeable.vma_count`). */
  vmas = 0;
  /** VMAs and dma-bufs that want its contents (`bo->purgeable.willneed_count`). */
  willneed = 0;

  /** A new object with one reference, of the creator. */
  constructor(xe: Xe, size: number, vm: XeVm | null, imported = false) {
    const resv: { resv?: DmaResv } = vm === null ? {} : { resv: vm.gpuvm.resv };
    super(xe.machine, { size, imported, funcs: destroyHook, ...resv });
    this.vm = vm;
    this.bosLock = xe.bosLock;
    vm?.gpuvm.get(this);
  }
}

/**
 * `xe_ttm_bo_destroy`, after `ttm_bo_release`: while jobs may use the memory it stays, and a worker waits. A private object
 * takes copies of its VM's fences for that, since the VM goes on; preempt fences are left out, as nothing is mapped any
 * more (`xe_ttm_bo_release_notify`).
 */
const destroyHook: GemFuncs = {
  free(obj) {
    const bo = obj as XeBo;
    // `xe_drm_client_remove_bo`. A spinlock never waits for long: only checks look at it.
    if (bo.dev.lockdep !== null) {
      bo.bosLock.acquire(bo.dev.current);
      bo.bosLock.release(bo.dev.current);
    }
    if (bo.resv.busy(USAGE_BOOKKEEP) === null) {
      release(bo);
      return;
    }
    const fences = bo.resv.pending().flatMap(({ fence }) => (fence instanceof PreemptFence ? [] : [fence]));
    bo.machine.queueWork("ttm_bo_delayed_delete", () => delayedDelete(bo, fences));
  },
};

function* delayedDelete(bo: XeBo, fences: readonly DmaFence[]): Steps<void> {
  for (const fence of fences) yield* waitFence(bo.dev, fence, "ttm_bo_delayed_delete");
  release(bo);
}

/** The VM's reference goes last: the dma_resv is the VM's. */
function release(bo: XeBo): void {
  releaseBo(bo);
  bo.vm?.gpuvm.put(bo);
}

/** `xe_gem_create_ioctl`. */
export function* gemCreate(xe: Xe, file: XeFile, req: GemNew): Steps<Errno> {
  const { dev } = xe.machine;
  if (req.size === 0 || req.size % 4096 !== 0) return -EINVAL;
  let vm: XeVm | null = null;
  if (req.vm !== undefined && req.vm !== 0) {
    vm = file.vms.get(req.vm) ?? null;
    if (vm === null) return -ENOENT;
    vm.gpuvm.get("ioctl");
    yield* lock(dev, vm.gpuvm.resv, "xe_gem_create_ioctl");
  }
  yield* preempt(dev, "alloc", "xe_bo_create_user");
  const bo = dev.mayAlloc("xe bo") ? new XeBo(xe, req.size, vm) : null;
  if (bo !== null && ((req.flags ?? 0) & GEM_DEFER_BACKING) === 0) bo.pages = "resident";
  if (vm !== null) unlock(dev, vm.gpuvm.resv);
  if (bo !== null) {
    yield* preempt(dev, "publish", "drm_gem_handle_create");
    file.publish(req.bo, bo);
  }
  vm?.gpuvm.put("ioctl");
  return bo === null ? -ENOMEM : 0;
}

/**
 * A handle closes (`xe_gem_object_close`): a private BO leaves its VM's bulk move, and that is all. Mappings stay.
 */
export function closeHook(xe: Xe): (bo: XeBo) => Steps<void> {
  return function* (bo) {
    if (bo.vm === null || bo.vm.faultMode) return;
    const { dev } = xe.machine;
    yield* lock(dev, bo.resv, "xe_gem_object_close");
    unlock(dev, bo.resv);
  };
}

/**
 * Makes an object's pages be where the GPU can reach them (`xe_bo_validate`). Its dma_resv is held.
 *
 * @returns 0 or -ENOMEM
 */
export function validateBo(bo: XeBo): Errno {
  if (bo.pages === "resident" || bo.madv === "purged") return 0;
  if (!bo.dev.mayAlloc("xe pages")) return -ENOMEM;
  bo.pages = "resident";
  return 0;
}
