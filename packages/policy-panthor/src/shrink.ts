import {
  type DrmGpuvmBo,
  type Gpuva,
  gemVmBos,
  gpuvmBoEvict,
  type Lock,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import { waitResvTimeout } from "@gpuvm/drm-model";
import type { PanthorBo } from "./bo.ts";
import { flushTlb, type Panthor } from "./device.ts";
import { VA_EVICTED } from "./flags.ts";
import type { PanthorVm } from "./vm.ts";

/** 10 jiffies of 4 ms. */
const WAIT_NS = 40_000_000;

/** How hard it is to take an object's pages, from `unused` to `shared` (`enum panthor_gem_reclaim_state`). */
type Reclaim = "unused" | "mmapped" | "gpu-mapped" | "shared" | "unreclaimable";

function classify(bo: PanthorBo): Reclaim {
  if (bo.pages !== "resident" || bo.pins > 0 || bo.imported) return "unreclaimable";
  if (bo.gpuva.length > 1) return "shared";
  if (bo.gpuva.length === 1) return "gpu-mapped";
  return bo.mmapped ? "mmapped" : "unused";
}

/**
 * Memory pressure (`panthor_gem_shrinker_scan`): what nobody uses first, then what programs map, then what one VM maps,
 * those longest idle first, then what several map.
 *
 * @returns bytes given up
 */
export function* shrinkerScan(panthor: Panthor, bytes: number): Steps<number> {
  const { objects } = panthor.machine.memory;
  let freed = 0;
  for (const state of ["unused", "mmapped", "gpu-mapped", "shared"] as const) {
    const list = ([...objects] as PanthorBo[]).filter((bo) => bo.refs > 0 && classify(bo) === state);
    if (state === "gpu-mapped") list.sort((a, b) => lastUse(panthor, a) - lastUse(panthor, b));
    for (const bo of list) {
      if (freed >= bytes) return freed;
      // It may have changed, or gone, since it was listed.
      if (bo.refs === 0 || classify(bo) !== state) continue;
      bo.get("shrinker");
      if (yield* evictBo(panthor, bo)) freed += bo.size;
      bo.put("shrinker");
    }
  }
  return freed;
}

function lastUse(panthor: Panthor, bo: PanthorBo): number {
  const gpuvm = gemVmBos(bo).first()?.vm;
  return (gpuvm === undefined ? undefined : panthor.vms.get(gpuvm))?.lastUse ?? 0;
}

/**
 * Takes an object's pages (`panthor_gem_try_evict`). In reclaim nothing may be waited for that others may hold for
 * long: every lock is tried, and any that is taken ends the attempt. Holds each VM meanwhile; its last reference may go
 * here.
 */
function* evictBo(panthor: Panthor, bo: PanthorBo): Steps<boolean> {
  const { machine } = panthor;
  const { dev } = machine;
  if (!bo.resv.tryAcquire(dev.current)) return false;
  const locks: Lock[] = [bo.resv];
  const held: PanthorVm[] = [];
  let done = false;
  if (yield* waitResvTimeout(machine, bo.resv, USAGE_BOOKKEEP, WAIT_NS, "panthor_gem_try_evict")) {
    const vmBos = lockVms(panthor, bo, locks, held);
    if (vmBos !== null && bo.pins === 0 && bo.pages === "resident") {
      for (const vmBo of vmBos) evictVmBo(panthor, vmBo);
      bo.takePages("evicted");
      machine.counts.evictions++;
      done = true;
    }
  }
  for (const lock of locks.reverse()) lock.release(dev.current);
  for (const vm of held) vm.gpuvm.put("shrinker");
  return done;
}

/** Tries every lock that the eviction needs; null: one was not to be had. */
function lockVms(panthor: Panthor, bo: PanthorBo, locks: Lock[], held: PanthorVm[]): DrmGpuvmBo[] | null {
  const { current } = panthor.machine.dev;
  const take = (lock: Lock) => {
    if (lock.owner === current) return true;
    if (!lock.tryAcquire(current)) return false;
    locks.push(lock);
    return true;
  };
  if (!take(bo.gpuvaLock)) return null;
  const vmBos = gemVmBos(bo).toArray();
  for (const { vm: gpuvm } of vmBos) {
    const vm = panthor.vms.get(gpuvm);
    if (vm === undefined || gpuvm.refs === 0) return null;
    gpuvm.get("shrinker");
    held.push(vm);
    if (!take(gpuvm.resv) || !take(vm.opLock)) return null;
  }
  return vmBos;
}

/** `panthor_vm_evict_bo_mappings_locked`: the VMAs stay, without entries. */
function evictVmBo(panthor: Panthor, vmBo: DrmGpuvmBo): void {
  const vm = panthor.vms.get(vmBo.vm) as PanthorVm;
  const { vas } = vmBo.vm;
  gpuvmBoEvict(vmBo, true);
  for (let va: Gpuva = vmBo.vaHead; va !== 0; va = vas.next(va)) {
    if ((vas.flags(va) & VA_EVICTED) !== 0) continue;
    vm.pt.unmap(vas.addr(va), vas.range(va));
    vas.setFlags(va, vas.flags(va) | VA_EVICTED);
  }
  flushTlb(panthor, vm);
}
