import { EINVAL, ENOENT, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { lock, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { kernelBoCreate, kernelBoDestroy, kernelBoVmap } from "../gem/kernel-bo.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import { freeChunks } from "./chunk.ts";
import { HeapPool, MAX_HEAPS } from "./pool.ts";

/** Bytes of the contexts of all of them. */
const CONTEXTS_BYTES = MAX_HEAPS * 64;

/**
 * The pool of a VM, with a reference of the caller's (`panthor_vm_get_heap_pool`).
 *
 * @param create makes one, if the VM was not destroyed
 */
export function* getHeapPool(
  panthor: Panthor,
  vm: PanthorVm,
  create: boolean,
  holder = "ioctl",
): Steps<HeapPool | Errno> {
  const { dev } = panthor.machine;
  yield* lock(dev, vm.heapLock, "panthor_vm_get_heap_pool");
  let ret: Errno = 0;
  if (vm.heaps === null && create) ret = vm.destroyed ? -EINVAL : yield* makePool(panthor, vm);
  const pool = vm.heaps;
  if (ret === 0) pool?.kref.get(holder);
  unlock(dev, vm.heapLock);
  if (ret !== 0) return ret;
  return pool ?? -ENOENT;
}

/** `panthor_heap_pool_create`: the contexts stay mapped for the kernel. */
function* makePool(panthor: Panthor, vm: PanthorVm): Steps<Errno> {
  if (!panthor.machine.dev.mayAlloc("panthor heap pool")) return -ENOMEM;
  const pool = new HeapPool(panthor.machine.dev, vm.gpuvm);
  const contexts = yield* kernelBoCreate(panthor, vm, "Heap pool", CONTEXTS_BYTES, pool.kref);
  let ret = 0;
  if (typeof contexts === "number") ret = contexts;
  else {
    pool.contexts = contexts;
    ret = yield* kernelBoVmap(panthor, contexts);
  }
  if (ret === 0) vm.heaps = pool;
  else yield* poolDestroy(panthor, pool, vm);
  return ret;
}

/** The VM goes: its heaps with it (`panthor_vm_destroy`). */
export function* destroyHeaps(panthor: Panthor, vm: PanthorVm): Steps<void> {
  const { dev } = panthor.machine;
  yield* lock(dev, vm.heapLock, "panthor_vm_destroy");
  const pool = vm.heaps;
  vm.heaps = null;
  if (pool !== null) yield* poolDestroy(panthor, pool, vm);
  unlock(dev, vm.heapLock);
}

/** `panthor_heap_pool_destroy` */
function* poolDestroy(panthor: Panthor, pool: HeapPool, vm: PanthorVm): Steps<void> {
  const { dev } = panthor.machine;
  yield* lock(dev, pool.lock, "panthor_heap_pool_destroy");
  for (const [id, heap] of [...pool.heaps].sort(([a], [b]) => a - b)) {
    pool.heaps.delete(id);
    yield* freeChunks(panthor, heap);
  }
  const { contexts } = pool;
  pool.contexts = null;
  if (contexts !== null) yield* kernelBoDestroy(panthor, contexts);
  pool.gone = true;
  unlock(dev, pool.lock);
  pool.kref.put(vm.gpuvm);
}
