import {
  type DmaFence,
  type DrmGpuvm,
  type GemFuncs,
  ListNode,
  type Lock,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import { Bo, MIB2, releaseBo } from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";
import { PreemptFence } from "../preempt/preempt-fence.ts";
import type { BulkMove, LruItem, LruNode, Place } from "./lru.ts";
import type { Purgeable, TtmBo } from "./ttm.ts";

/** The VM that an object is private to, as far as the object needs it. */
export interface PrivateTo {
  /** Shares its dma_resv; counted. */
  readonly gpuvm: DrmGpuvm;
  /** See `XeVm.faultMode`. */
  readonly faultMode: boolean;
  /** Its private objects, which move together. */
  readonly bulk: Readonly<Record<Place, BulkMove<TtmBo>>>;
}

/** How an object is made beside its size. */
export interface XeBoOptions {
  /** The only VM that may map it. */
  readonly vm?: PrivateTo | null;
  /** It came in as a dma-buf of another driver. */
  readonly imported?: boolean;
  /** How its memory lies, where that is known; see `Bo.contiguity`. */
  readonly contiguity?: number;
  /** Where it may be, the best first (`bo->placements`); default: pages that the GPU reaches. */
  readonly placements?: readonly Place[];
}

/**
 * A buffer object (`struct xe_bo`). A private one (`bo->vm`) shares its VM's dma_resv and, being a user's, holds the
 * VM: a handle that is left keeps the VM struct, though not its page tables.
 *
 * Its memory lies in pieces of 2 MiB where nobody says otherwise: TTM's pool takes the largest pages that there are.
 */
export class XeBo extends Bo implements TtmBo {
  /** The device. */
  readonly xe: Xe;
  /** Protects the list of its client's buffers. */
  readonly bosLock: Lock;
  /** The only VM that may map it; counted. */
  readonly vm: PrivateTo | null;
  /** Where it may be, the best first. */
  readonly placements: readonly Place[];
  /** Where it is (`ttm.resource->mem_type`); null: its memory was purged in VRAM, and it has none. */
  place: Place | null = null;
  /** Its pages, if it has any (`struct ttm_tt`): none yet, there, or in swap, or given up. */
  get tt(): TtmBo["tt"] {
    return this.#tt;
  }

  set tt(tt: TtmBo["tt"]) {
    const { host } = this.xe.ttm;
    if (!this.imported && this.#tt === "populated") host.release(this.size);
    if (!this.imported && tt === "populated") host.take(this.size);
    this.#tt = tt;
  }

  /** What the shrinker knows of {@link XeBo.madv}: the contents of the pages may go (`xe_tt->purgeable`). */
  ttPurgeable = false;
  /** It moves with its VM's other objects in the lists of what is evicted first. */
  bulk: boolean;
  /** Where it lies in those lists. */
  readonly onLru: LruNode<TtmBo> = new ListNode<LruItem<TtmBo>>(this);
  /** It is freed, and these still use its memory. */
  lastFences: readonly DmaFence[] = [];
  /** Contents wanted? Protected by its dma_resv. */
  madv: Purgeable = "willneed";
  /** VMAs of it (`bo->purgeable.vma_count`). */
  vmaCount = 0;
  /** VMAs and dma-bufs that want its contents (`bo->purgeable.willneed_count`). */
  willneedCount = 0;
  #tt: TtmBo["tt"] = "none";

  /** A new object with one reference, of the creator, and no memory. */
  constructor(xe: Xe, size: number, options: XeBoOptions = {}) {
    const { vm = null, imported = false, placements = ["tt"], contiguity } = options;
    super(xe.machine, {
      size,
      imported,
      funcs: destroyHook,
      usualContiguity: MIB2,
      resv: vm?.gpuvm.resv,
      contiguity,
    });
    this.xe = xe;
    this.vm = vm;
    this.placements = placements;
    this.bulk = vm !== null && !vm.faultMode;
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
    if (bo.resv.busy(USAGE_BOOKKEEP) === null) release(bo);
    else releaseLater(bo);
  },
};

function releaseLater(bo: XeBo): void {
  const fences = bo.resv.pending().flatMap(({ fence }) => (fence instanceof PreemptFence ? [] : [fence]));
  bo.lastFences = fences;
  bo.machine.queueWorkBehind(fences, "ttm_bo_delayed_delete", () => delayedDelete(bo));
}

function* delayedDelete(bo: XeBo): Steps<void> {
  release(bo);
}

/** The VM's reference goes last: the dma_resv is the VM's. */
function release(bo: XeBo): void {
  bo.xe.ttm.leave(bo);
  bo.tt = "none";
  // Who walks the places of memory holds the object's lock with a count of TTM's.
  releaseBo(bo, true);
  bo.vm?.gpuvm.put(bo);
}

/** `ttm_to_xe_bo`: every object in the lists of a device's memory is one of the driver's. */
export function ttmToXeBo(bo: TtmBo): XeBo {
  return bo as XeBo;
}
