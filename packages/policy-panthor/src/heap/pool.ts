import { EINVAL, ENOENT, ENOMEM, type Errno, Lock, type Steps } from "@gpuvm/core";
import { Kref, lock, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { type KernelBo, kernelBoCreate, kernelBoDestroy, kernelBoVmap } from "../gem/kernel-bo.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import { freeChunks, type Heap } from "./chunk.ts";

/** Heaps of a VM (`MAX_HEAPS_PER_POOL`). */
export const MAX_HEAPS = 128;
/** Bytes of the contexts of all of them. */
const CONTEXTS_BYTES = MAX_HEAPS * 64;

/**
 * The tiler heaps of a VM (`struct panthor_heap_pool`). Counted by its VM, and by whoever looks at it meanwhile; does not
 * hold its VM, but for the objects in it.
 */
export class HeapPool {
  /** References; the first is the VM's. */
  readonly kref: Kref;
  /** Null when the VM was destroyed: no more heaps. Not counted. */
  vm: PanthorVm | null;
  /** Which heaps there are, and their chunks (`pool->lock`; readers keep each other out, too). */
  readonly lock: Lock;
  /** `gpu_contexts`; null before it was made and after the end. */
  contexts: KernelBo | null = null;
  /** Heaps by their number. */
  readonly heaps: Map<number, Heap> = new Map();

  /** Without memory. */
  constructor(panthor: Panthor, vm: PanthorVm) {
    const { dev } = panthor.machine;
    this.vm = vm;
    this.lock = new Lock("heap pool", "panthor heap pool", dev.lockdep);
    this.kref = new Kref(dev, `heap_pool#${dev.serial()}`, vm.gpuvm, () => {});
  }

  /** The lowest number that is free, or -1. */
  get nextId(): number {
    for (let id = 0; id < MAX_HEAPS; id++) if (!this.heaps.has(id)) return id;
    return -1;
  }
}

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
  const pool = new HeapPool(panthor, vm);
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
  pool.vm = null;
  unlock(dev, pool.lock);
  pool.kref.put(vm.gpuvm);
}
