import { EINVAL, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { lock, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { KernelBo } from "../gem/bo.ts";
import { kernelBoDestroy } from "../gem/kernel-bo.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import { allocChunk } from "./chunk.ts";
import type { HeapPool } from "./pool.ts";

/**
 * A heap gets a chunk more, because the tiler ran out of memory (`panthor_heap_grow`).
 *
 * @returns -ENOMEM: it has enough chunks, or so many render passes are under way that waiting for one helps; -EINVAL: no
 * such heap
 */
export function* heapGrow(
  panthor: Panthor,
  vm: PanthorVm,
  pool: HeapPool,
  id: number,
  inFlight: number,
): Steps<KernelBo | Errno> {
  const { dev } = panthor.machine;
  yield* lock(dev, pool.lock, "panthor_heap_grow");
  const heap = pool.heaps.get(id);
  let chunk: KernelBo | Errno = -EINVAL;
  if (heap !== undefined && !pool.gone) {
    const enough = inFlight > heap.targetInFlight || heap.chunks.length >= heap.maxChunks;
    chunk = enough ? -ENOMEM : yield* allocChunk(panthor, pool, vm, heap);
  }
  unlock(dev, pool.lock);
  return chunk;
}

/** The chunk was not wanted any more (`panthor_heap_return_chunk`). */
export function* heapReturnChunk(panthor: Panthor, pool: HeapPool, chunk: KernelBo): Steps<void> {
  const { dev } = panthor.machine;
  yield* lock(dev, pool.lock, "panthor_heap_return_chunk");
  for (const { chunks } of pool.heaps.values()) {
    const at = chunks.indexOf(chunk);
    if (at < 0) continue;
    chunks.splice(at, 1);
    yield* kernelBoDestroy(panthor, chunk);
  }
  unlock(dev, pool.lock);
}
