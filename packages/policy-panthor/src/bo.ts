import {
  type DmaResv,
  type DrmGemObject,
  ENOMEM,
  type Errno,
  type GemFuncs,
  type Holder,
  type Steps,
} from "@gpuvm/core";
import { Bo, lock, releaseBo, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "./device.ts";

/** A buffer object (`struct panthor_gem_object`). */
export class PanthorBo extends Bo {
  /** The resv object of the only VM that may map it; counted (`exclusive_vm_root_gem`). */
  readonly rootGem: DrmGemObject | null;
  /** A program maps it to the CPU. */
  mmapped = false;

  /** A new object with one reference. */
  constructor(
    panthor: Panthor,
    size: number,
    rootGem: DrmGemObject | null,
    holder: Holder = "creator",
    imported = false,
  ) {
    const resv: { resv?: DmaResv } = rootGem === null ? {} : { resv: rootGem.resv };
    super(panthor.machine, { size, imported, holder, funcs: freeHook, ...resv });
    this.rootGem = rootGem;
    rootGem?.get(this);
    // 6.12 names its own lock, which may be taken in the signalling path (`drm_gem_gpuva_set_lock`).
    if (!panthor.gen.immediate) this.gpuvaListLock = this.gpuvaLock;
  }
}

/** `panthor_gem_free_object`. May run in a shrinker: takes no dma_resv. */
const freeHook: GemFuncs = {
  free(obj) {
    const bo = obj as PanthorBo;
    releaseBo(bo);
    bo.rootGem?.put(bo);
  },
};

/** Keeps an object's pages in memory, bringing them there if need be (`drm_gem_shmem_pin`). */
export function* pinBo(bo: PanthorBo): Steps<Errno> {
  if (bo.imported) return 0;
  const { dev } = bo;
  if (bo.pins === 0) {
    yield* lock(dev, bo.resv, "drm_gem_shmem_pin");
    const ret = populate(bo);
    if (ret === 0) bo.pins++;
    unlock(dev, bo.resv);
    return ret;
  }
  bo.pins++;
  return 0;
}

/** Undoes {@link pinBo}. */
export function* unpinBo(bo: PanthorBo): Steps<void> {
  if (bo.imported) return;
  const { dev } = bo;
  if (bo.pins > 1) {
    bo.pins--;
    return;
  }
  yield* lock(dev, bo.resv, "drm_gem_shmem_unpin");
  bo.pins--;
  unlock(dev, bo.resv);
}

/** Makes an object's pages be there. Its dma_resv is held. */
export function populate(bo: PanthorBo): Errno {
  if (bo.pages === "resident") return 0;
  if (!bo.dev.mayAlloc("panthor pages")) return -ENOMEM;
  bo.pages = "resident";
  return 0;
}
