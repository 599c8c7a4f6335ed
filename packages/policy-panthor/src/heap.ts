import { EINVAL, type Errno, type Steps } from "@gpuvm/core";
import { type HeapCreate, type HeapDestroy, lock, unlock } from "@gpuvm/drm-model";
import type { Panthor } from "./device.ts";
import { type KernelBo, kernelBoCreate, kernelBoDestroy } from "./kernel-bo.ts";
import type { PanthorFile } from "./panthor-file.ts";
import type { PanthorVm } from "./vm.ts";
import { vmGet } from "./vm-pool.ts";

/** Bytes of the contexts of all heaps of a VM. */
const CONTEXTS_BYTES = 8192;
/** Bytes of a chunk where a request names none. */
const CHUNK_BYTES = 2 * 2 ** 20;

/** The tiler heaps of a VM (`struct panthor_heap_pool`), with the memory of their contexts. Owned by the VM. */
export interface HeapPool {
  /** Holder of what follows, in findings. */
  readonly name: string;
  /** `gpu_contexts`. */
  readonly contexts: KernelBo;
  /** Chunks by heap, oldest heap first. */
  readonly heaps: Map<number, KernelBo[]>;
  /** Heaps so far. */
  made: number;
}

/** `panthor_ioctl_tiler_heap_create`: memory for the tiler, in chunks that the kernel maps. */
export function* heapCreate(panthor: Panthor, file: PanthorFile, req: HeapCreate): Steps<Errno> {
  const { dev } = panthor.machine;
  const chunk = req.chunk ?? CHUNK_BYTES;
  const init = req.init ?? 1;
  const max = req.max ?? init;
  if (init === 0 || init > max || chunk % 4096 !== 0 || chunk < 128 * 1024 || chunk > 8 * 2 ** 20)
    return -EINVAL;
  const vm = yield* vmGet(panthor, file, req.vm);
  if (vm === undefined) return -EINVAL;
  yield* lock(dev, vm.heapLock, "panthor_vm_get_heap_pool");
  let ret = vm.destroyed ? -EINVAL : yield* makePool(panthor, vm);
  const pool = vm.heaps;
  if (ret === 0 && pool !== null) {
    const chunks: KernelBo[] = [];
    const id = req.id ?? pool.made;
    while (ret === 0 && chunks.length < init) {
      const kbo = yield* kernelBoCreate(panthor, vm, chunk, pool);
      if (typeof kbo === "number") ret = kbo;
      else chunks.push(kbo);
    }
    if (ret === 0) {
      pool.made++;
      pool.heaps.set(id, chunks);
    } else for (const kbo of chunks) yield* kernelBoDestroy(panthor, kbo);
  }
  unlock(dev, vm.heapLock);
  vm.gpuvm.put("ioctl");
  return ret;
}

function* makePool(panthor: Panthor, vm: PanthorVm): Steps<Errno> {
  if (vm.heaps !== null) return 0;
  const name = `context#${panthor.machine.dev.serial()}`;
  const contexts = yield* kernelBoCreate(panthor, vm, CONTEXTS_BYTES, name);
  if (typeof contexts === "number") return contexts;
  vm.heaps = { name, contexts, heaps: new Map(), made: 0 };
  return 0;
}

/**
 * `panthor_ioctl_tiler_heap_destroy`. A recording does not say which heap, nor of which VM: the oldest one of the file
 * goes then.
 */
export function* heapDestroy(panthor: Panthor, file: PanthorFile, req: HeapDestroy): Steps<Errno> {
  const { dev } = panthor.machine;
  const holds = (vm: PanthorVm) =>
    vm.heaps !== null && (req.id === undefined ? vm.heaps.heaps.size > 0 : vm.heaps.heaps.has(req.id));
  const entry = [...file.vms].find(([id, vm]) => (req.vm === undefined || req.vm === id) && holds(vm));
  const vm = yield* vmGet(panthor, file, entry?.[0]);
  if (vm === undefined) return -EINVAL;
  yield* lock(dev, vm.heapLock, "panthor_heap_destroy");
  const pool = vm.heaps;
  const id = pool === null ? undefined : (req.id ?? pool.heaps.keys().next().value);
  const chunks = id === undefined ? undefined : pool?.heaps.get(id);
  if (id !== undefined) pool?.heaps.delete(id);
  for (const kbo of chunks ?? []) yield* kernelBoDestroy(panthor, kbo);
  unlock(dev, vm.heapLock);
  vm.gpuvm.put("ioctl");
  return chunks === undefined ? -EINVAL : 0;
}

/** The VM goes: its heaps with it (`panthor_heap_pool_destroy`). */
export function* heapPoolDestroy(panthor: Panthor, vm: PanthorVm): Steps<void> {
  const { dev } = panthor.machine;
  yield* lock(dev, vm.heapLock, "panthor_vm_destroy");
  const pool = vm.heaps;
  vm.heaps = null;
  if (pool !== null) {
    for (const chunks of pool.heaps.values()) for (const kbo of chunks) yield* kernelBoDestroy(panthor, kbo);
    yield* kernelBoDestroy(panthor, pool.contexts);
  }
  unlock(dev, vm.heapLock);
}
