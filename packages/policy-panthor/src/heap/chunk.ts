import type { Errno, Steps } from "@gpuvm/core";
import type { Panthor } from "../device.ts";
import type { KernelBo } from "../gem/bo.ts";
import { kernelBoCreate, kernelBoDestroy, kernelBoVmap, kernelBoVunmap } from "../gem/kernel-bo.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import type { Heap, HeapPool } from "./pool.ts";

/** A chunk more (`panthor_alloc_heap_chunk`): mapped for the kernel only while its header is written. */
export function* allocChunk(
  panthor: Panthor,
  pool: HeapPool,
  vm: PanthorVm,
  heap: Heap,
): Steps<KernelBo | Errno> {
  const kbo = yield* kernelBoCreate(panthor, vm, "Tiler heap chunk", heap.chunkBytes, pool.kref);
  if (typeof kbo === "number") return kbo;
  const ret = yield* kernelBoVmap(panthor, kbo);
  if (ret !== 0) {
    yield* kernelBoDestroy(panthor, kbo);
    return ret;
  }
  yield* kernelBoVunmap(panthor, kbo);
  heap.chunks.unshift(kbo);
  return kbo;
}

/** `panthor_free_heap_chunks` */
export function* freeChunks(panthor: Panthor, heap: Heap): Steps<void> {
  for (const kbo of heap.chunks.splice(0)) yield* kernelBoDestroy(panthor, kbo);
}
