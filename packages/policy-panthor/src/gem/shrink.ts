import { type Gpuva, gemVmBos, gpuvmBoEvict, type Lock, type Steps, USAGE_BOOKKEEP } from "@gpuvm/core";
import { waitResvTimeout } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { VA_EVICTED } from "../flags.ts";
import { unmapPages } from "../mmu/pages.ts";
import { lockRegion, unlockRegion } from "../mmu/region.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import type { PanthorBo } from "./bo.ts";
import { updateReclaimStateLocked } from "./reclaim.ts";
import { moveVm, RECLAIM_STATES } from "./reclaim-lists.ts";

/** 10 jiffies of 4 ms. */
const WAIT_NS = 40_000_000;
const PAGE = 4096;

/** Nothing was given up, and asking again is of no use (`SHRINK_STOP`). */
export const SHRINK_STOP = -1;

/** Takes an object's pages, if it can; its dma_resv is held. */
type Evict = (panthor: Panthor, bo: PanthorBo) => Steps<boolean>;

/** What a scan has given up and left, in pages. */
interface Scan {
  readonly wanted: number;
  freed: number;
  remaining: number;
}

/**
 * Memory pressure (`panthor_gem_shrinker_scan`), with swap, from a task that may wait: what nobody uses first, then what
 * programs map, then what one VM maps, VM by VM, then what several map.
 *
 * @param wanted pages to give up
 * @returns pages given up; 0: none, but it is worth to ask once more; {@link SHRINK_STOP}
 */
export function* shrinkerScan(panthor: Panthor, wanted: number): Steps<number> {
  const { reclaim } = panthor;
  const scan: Scan = { wanted, freed: 0, remaining: 0 };
  yield* lruScan(panthor, reclaim.unused, scan, evictNoWait);
  yield* lruScan(panthor, reclaim.mmapped, scan, evictNoWait);
  yield* reclaimOfVms(panthor, scan);
  yield* lruScan(panthor, reclaim.shared, scan, evict);
  if (scan.freed === 0 && scan.remaining > 0 && ++reclaim.retries < 2) return 0;
  reclaim.retries = 0;
  return scan.freed > 0 ? scan.freed : SHRINK_STOP;
}

/** `drm_gem_lru_scan`: from the front, until enough is given up. What stays keeps its place. */
function* lruScan(panthor: Panthor, lru: PanthorBo[], scan: Scan, take: Evict): Steps<void> {
  const { current } = panthor.machine.dev;
  const still: PanthorBo[] = [];
  for (let bo = lru[0]; bo !== undefined && scan.freed < scan.wanted; bo = lru[0]) {
    bo.moveTo(still);
    if (bo.refs === 0) continue;
    bo.get("shrinker");
    if (!bo.resv.tryAcquire(current)) scan.remaining += bo.size / PAGE;
    else {
      if (yield* take(panthor, bo)) scan.freed += bo.size / PAGE;
      else if (bo.lru === still) scan.remaining += bo.size / PAGE;
      bo.resv.release(current);
    }
    bo.put("shrinker");
  }
  for (const bo of still) bo.lru = lru;
  lru.push(...still);
}

/** `panthor_mmu_reclaim_priv_bos`. A VM with something left keeps its place; holds each VM while it is scanned. */
function* reclaimOfVms(panthor: Panthor, scan: Scan): Steps<void> {
  const { reclaim } = panthor;
  const todo: PanthorVm[] = [];
  const remaining: PanthorVm[] = [];
  for (const vm of [...reclaim.vms]) moveVm(vm, todo);
  for (let vm = todo[0]; vm !== undefined && scan.freed < scan.wanted; vm = todo[0]) {
    if (vm.gpuvm.refs === 0) {
      moveVm(vm, null);
      continue;
    }
    vm.gpuvm.get("shrinker");
    yield* lruScan(panthor, vm.reclaimLru, scan, evict);
    if (vm === todo[0]) moveVm(vm, vm.reclaimLru.length > 0 ? remaining : null);
    vm.gpuvm.put("shrinker");
  }
  const kept = [...remaining, ...todo];
  for (const vm of kept) vm.onReclaim = reclaim.vms;
  reclaim.vms.unshift(...kept);
}

/** As {@link evictNoWait}, when the GPU is done with the object; not if that takes long (`panthor_gem_try_evict`). */
function* evict(panthor: Panthor, bo: PanthorBo): Steps<boolean> {
  const { machine } = panthor;
  if (!(yield* waitResvTimeout(machine, bo.resv, USAGE_BOOKKEEP, WAIT_NS, "panthor_gem_try_evict")))
    return false;
  return yield* evictNoWait(panthor, bo);
}

/**
 * Takes an object's pages (`panthor_gem_try_evict_no_resv_wait`). In reclaim nothing may be waited for that others may
 * hold for long: every lock is tried, and any that is taken ends the attempt.
 */
function* evictNoWait(panthor: Panthor, bo: PanthorBo): Steps<boolean> {
  const { machine } = panthor;
  const { current } = machine.dev;
  if (!bo.gpuvaLock.tryAcquire(current)) return false;
  const locks: Lock[] = [];
  let done = false;
  if (lockResvs(panthor, bo, locks) && !harder(panthor, bo) && evictMappings(panthor, bo)) {
    // `drm_vma_node_unmap`
    bo.touched = false;
    bo.sgt = false;
    bo.swapped = true;
    bo.takePages("evicted");
    updateReclaimStateLocked(panthor, bo);
    machine.counts.evictions++;
    done = true;
  }
  for (const lock of locks) lock.release(current);
  bo.gpuvaLock.release(current);
  return done;
}

function lockResvs(panthor: Panthor, bo: PanthorBo, locks: Lock[]): boolean {
  const { current } = panthor.machine.dev;
  for (let node = gemVmBos(bo).head; node !== null; node = node.next) {
    const { resv } = node.owner.vm;
    if (resv === bo.resv) continue;
    if (!resv.tryAcquire(current)) return false;
    locks.push(resv);
  }
  return true;
}

/** Whether its pages are harder to take than it was thought: its turn comes later. */
function harder(panthor: Panthor, bo: PanthorBo): boolean {
  const thought = RECLAIM_STATES.indexOf(bo.reclaimState);
  updateReclaimStateLocked(panthor, bo);
  return RECLAIM_STATES.indexOf(bo.reclaimState) > thought;
}

/**
 * The VMAs stay, without entries (`panthor_vm_evict_bo_mappings_locked`). What was taken from one VM stays taken when the
 * lock of a later one is not to be had.
 */
function evictMappings(panthor: Panthor, bo: PanthorBo): boolean {
  const { current } = panthor.machine.dev;
  for (let node = gemVmBos(bo).head; node !== null; node = node.next) {
    const vmBo = node.owner;
    const vm = panthor.vms.get(vmBo.vm) as PanthorVm;
    if (!vm.opLock.tryAcquire(current)) return false;
    // New mappings may have come to a link that was evicted before.
    if (!vmBo.evicted) gpuvmBoEvict(vmBo, true);
    const { vas } = vmBo.vm;
    for (let va: Gpuva = vmBo.vaHead; va !== 0; va = vas.next(va)) {
      if ((vas.flags(va) & VA_EVICTED) !== 0) continue;
      lockRegion(panthor, vm, vas.addr(va), vas.range(va));
      unmapPages(panthor, vm, vas.addr(va), vas.range(va));
      unlockRegion(panthor, vm, "unmap");
      vas.setFlags(va, vas.flags(va) | VA_EVICTED);
    }
    vm.opLock.release(current);
  }
  return true;
}
