import { ENOENT, type Errno, type Steps } from "@gpuvm/core";
import { type DrmFile, lock, lockBriefly, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorFile } from "../panthor-file.ts";
import { getPages } from "./backing.ts";
import type { PanthorBo } from "./bo.ts";
import { updateReclaimState } from "./reclaim.ts";

/**
 * Programs' CPU mappings of objects. Each holds its object, beyond the handle, but not the pages: a fault brings them, and
 * memory pressure may take them again. An import is mapped by who exported it.
 */
export interface PanthorMmaps {
  /** Maps a handle's object (`panthor_gem_mmap`). */
  map(file: DrmFile, handle: number): Steps<Errno>;
  /** The program touches what it has mapped (`panthor_gem_fault`): 0, or -ENOMEM, where it gets SIGBUS. */
  touch(file: DrmFile, handle: number): Steps<Errno>;
  /** Undoes {@link PanthorMmaps.map}, by the handle that it had; the handle may be closed (`panthor_gem_vm_close`). */
  unmap(file: DrmFile, handle: number): Steps<Errno>;
}

/** CPU mappings on a device. */
export function mmaps(panthor: Panthor): PanthorMmaps {
  return {
    map: (file, handle) => mmap(panthor, file as PanthorFile, handle),
    touch: (file, handle) => cpuFault(panthor, (file as PanthorFile).mmaps.get(handle)),
    unmap: (file, handle) => munmap(panthor, file as PanthorFile, handle),
  };
}

/** One mapping of a handle's object; the second of the same handle is the same. */
export function* mmap(panthor: Panthor, file: PanthorFile, handle: number): Steps<Errno> {
  const bo = file.handles.get(handle);
  if (bo === undefined) return -ENOENT;
  if (bo.imported || file.mmaps.has(handle)) return 0;
  file.mmaps.set(handle, bo.get(file));
  if (bo.mmaps++ === 0) yield* lookAgain(panthor, bo);
  return 0;
}

/** The mapping goes, and the object with it, if nobody else holds it. */
export function* munmap(panthor: Panthor, file: PanthorFile, handle: number): Steps<Errno> {
  const bo = file.mmaps.get(handle);
  if (bo === undefined) return -ENOENT;
  file.mmaps.delete(handle);
  if (--bo.mmaps === 0) {
    bo.touched = false;
    yield* lookAgain(panthor, bo);
  }
  bo.put(file);
  return 0;
}

function* lookAgain(panthor: Panthor, bo: PanthorBo): Steps<void> {
  yield* lockBriefly(bo.dev, bo.resv, "panthor_gem_mmap");
  yield* updateReclaimState(panthor, bo);
  unlock(bo.dev, bo.resv);
}

/** `blocking_page_setup`: entries of the GPU that were taken with the pages stay away, until the next submit. */
function* cpuFault(panthor: Panthor, bo: PanthorBo | undefined): Steps<Errno> {
  if (bo === undefined) return -ENOENT;
  yield* lock(bo.dev, bo.resv, "panthor_gem_fault");
  const ret = getPages(bo);
  if (ret === 0) {
    bo.touched = true;
    yield* updateReclaimState(panthor, bo);
  }
  unlock(bo.dev, bo.resv);
  return ret;
}
