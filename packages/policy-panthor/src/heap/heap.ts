import { EBUSY, EINVAL, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { type HeapCreate, type HeapDestroy, lock, lockBriefly, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import { vmGet } from "../mmu/vm-pool.ts";
import type { PanthorFile } from "../panthor-file.ts";
import { allocChunk, freeChunks } from "./chunk.ts";
import type { Heap, HeapPool } from "./pool.ts";
import { getHeapPool } from "./pool-life.ts";

/** Bytes of a chunk where a request names none. */
const CHUNK_BYTES = 2 * 2 ** 20;
/** Render passes at once where a request says nothing. */
const IN_FLIGHT = 65_535;

/** `panthor_ioctl_tiler_heap_create`: memory for the tiler, in chunks that the kernel maps. */
export function* heapCreate(panthor: Panthor, file: PanthorFile, req: HeapCreate): Steps<Errno> {
  const vm = yield* vmGet(panthor, file, req.vm);
  if (vm === undefined) return -EINVAL;
  const pool = yield* getHeapPool(panthor, vm, true);
  let ret: Errno = typeof pool === "number" ? pool : 0;
  if (typeof pool !== "number") {
    const id = yield* create(panthor, vm, pool, req);
    if (id < 0) ret = id;
    else file.heaps.set(req.id ?? --file.unnamedHeaps, { vm: req.vm ?? 0, id });
    pool.kref.put("ioctl");
  }
  vm.gpuvm.put("ioctl");
  return ret;
}

/** `panthor_heap_create`. @returns the heap's number, or -errno */
function* create(panthor: Panthor, vm: PanthorVm, pool: HeapPool, req: HeapCreate): Steps<number> {
  const { chunk = CHUNK_BYTES, init = 1, inFlight = IN_FLIGHT } = req;
  const max = req.max ?? init;
  if (init === 0 || init > max) return -EINVAL;
  if (chunk % 4096 !== 0 || chunk < 128 * 1024 || chunk > 8 * 2 ** 20) return -EINVAL;
  if (pool.gone) return -EINVAL;
  vm.gpuvm.get("ioctl");
  const heap: Heap = { chunkBytes: chunk, maxChunks: max, targetInFlight: inFlight, chunks: [] };
  let ret: number = panthor.machine.dev.mayAlloc("panthor heap") ? 0 : -ENOMEM;
  for (let i = 0; ret === 0 && i < init; i++) {
    const made = yield* allocChunk(panthor, pool, vm, heap);
    if (typeof made === "number") ret = made;
  }
  if (ret === 0) {
    const { dev } = panthor.machine;
    yield* lockBriefly(dev, pool.lock, "panthor_heap_create");
    ret = pool.gone ? -EINVAL : pool.nextId;
    if (!pool.gone && ret < 0) ret = -EBUSY;
    if (ret >= 0) pool.heaps.set(ret, heap);
    unlock(dev, pool.lock);
  }
  if (ret < 0) yield* freeChunks(panthor, heap);
  vm.gpuvm.put("ioctl");
  return ret;
}

/**
 * `panthor_ioctl_tiler_heap_destroy`. A recording does not say which heap, nor of which VM: the oldest one of the file
 * goes then.
 */
export function* heapDestroy(panthor: Panthor, file: PanthorFile, req: HeapDestroy): Steps<Errno> {
  const name = req.id ?? file.heaps.keys().next().value;
  const known = name === undefined ? undefined : file.heaps.get(name);
  const vm: PanthorVm | undefined = yield* vmGet(panthor, file, known?.vm ?? req.vm);
  if (vm === undefined) return -EINVAL;
  const pool = yield* getHeapPool(panthor, vm, false);
  let ret: Errno = typeof pool === "number" ? pool : -EINVAL;
  if (typeof pool !== "number") {
    const { dev } = panthor.machine;
    yield* lock(dev, pool.lock, "panthor_heap_destroy");
    const heap = known === undefined ? undefined : pool.heaps.get(known.id);
    if (known !== undefined && heap !== undefined && name !== undefined) {
      pool.heaps.delete(known.id);
      file.heaps.delete(name);
      yield* freeChunks(panthor, heap);
      ret = 0;
    }
    unlock(dev, pool.lock);
    pool.kref.put("ioctl");
  }
  vm.gpuvm.put("ioctl");
  return ret;
}
