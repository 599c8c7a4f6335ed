import {
  type DrmGpuvmBo,
  gemVmBos,
  gpuvmBoGet,
  gpuvmBoPut,
  List,
  PAGE,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import { waitResvTimeout } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import type { MsmBo } from "./bo.ts";
import { dropPages } from "./pages.ts";

/** How long a reclaim waits at most for one busy object: 10 jiffies, which are 40 ms at 250 Hz (`wait_for_idle`). */
const WAIT_NS = 40_000_000;

/** What a scan came to, in pages. */
export interface Scanned {
  /** Given up. */
  readonly freed: number;
  /** Looked at, and not given up. */
  readonly remaining: number;
}

/**
 * Memory pressure (`msm_gem_shrinker_scan`): drops what programs said they do not need, then swaps out; then both
 * again, waiting for the GPU if the caller can. Takes no lock that it would have to wait for: what is locked is skipped.
 */
export function* msmGemShrinkerScan(msm: Msm, pages: number, canBlock: boolean): Steps<Scanned> {
  const { dontneed, willneed } = msm.lru;
  let freed = 0;
  let remaining = 0;
  for (const wait of canBlock ? [false, true] : [false]) {
    for (const [list, how] of [
      [dontneed, "purge"],
      [willneed, "evict"],
    ] as const) {
      if (freed >= pages) break;
      const scanned = yield* lruScan(msm, list, pages - freed, (bo) => reclaim(msm, bo, how, wait));
      freed += scanned.freed;
      remaining += scanned.remaining;
    }
  }
  return { freed, remaining };
}

/**
 * Looks at the objects of a list, least recently used first; what is passed over goes to the tail (`drm_gem_lru_scan`).
 * `shrink` runs with the object's lock.
 */
function* lruScan(
  msm: Msm,
  list: List<MsmBo>,
  pages: number,
  shrink: (bo: MsmBo) => Steps<boolean>,
): Steps<Scanned> {
  const { dev } = msm;
  const passed = new List<MsmBo>();
  let freed = 0;
  let remaining = 0;
  msm.lruLock.acquire(dev.current);
  for (let bo = nextOf(list, passed); bo !== null; bo = freed < pages ? nextOf(list, passed) : null) {
    msm.lruLock.release(dev.current);
    const size = bo.size / PAGE;
    if (bo.resv.tryAcquire(dev.current)) {
      if (yield* shrink(bo)) freed += size;
      else if (bo.onLru.list === passed) remaining += size;
      bo.resv.release(dev.current);
    } else remaining += size;
    bo.put("ioctl");
    msm.lruLock.acquire(dev.current);
  }
  for (const bo of passed.toArray()) {
    bo.onLru.remove();
    list.push(bo.onLru);
  }
  msm.lruLock.release(dev.current);
  return { freed, remaining };
}

/** The first object that is not about to be freed, put aside and held. */
function nextOf(list: List<MsmBo>, passed: List<MsmBo>): MsmBo | null {
  for (let bo = list.head?.owner; bo !== undefined; bo = list.head?.owner) {
    bo.onLru.remove();
    passed.push(bo.onLru);
    if (bo.refs > 0) return bo.get("ioctl") as MsmBo;
  }
  return null;
}

function* reclaim(msm: Msm, bo: MsmBo, how: "evict" | "purge", wait: boolean): Steps<boolean> {
  if (wait && !(yield* waitResvTimeout(msm.machine, bo.resv, USAGE_BOOKKEEP, WAIT_NS, "wait_for_idle")))
    return false;
  return evictable(bo, how) && withVmLocks(msm, bo, () => dropPages(msm, bo, how));
}

/** Pages of our own, not pinned, and no fence of any kind left (`is_purgeable`, `is_unevictable`, `msm_gem_active`). */
function evictable(bo: MsmBo, how: "evict" | "purge"): boolean {
  if (bo.imported || bo.pages !== "resident" || bo.pins > 0) return false;
  if ((how === "purge") !== (bo.madv === "dontneed")) return false;
  return bo.resv.busy(USAGE_BOOKKEEP) === null;
}

/** Try-locks every VM that the object is mapped in; false: one of them was taken (`with_vm_locks`). */
function withVmLocks(msm: Msm, bo: MsmBo, fn: () => void): boolean {
  if (msm.rules.vmas === "bo") {
    // 6.16: a VM has a spinlock for its addresses only, and nobody sleeps with it.
    fn();
    return true;
  }
  const task = msm.dev.current;
  const locked: DrmGpuvmBo[] = [];
  let all = true;
  for (const vmBo of gemVmBos(bo).toArray()) {
    const { resv } = vmBo.vm as MsmGemVm;
    // A private object's lock is its VM's, which is held.
    if (resv === bo.resv) continue;
    all = resv.tryAcquire(task);
    if (!all) break;
    // Held, so that it stays on the object's list until the unlock.
    locked.push(gpuvmBoGet(vmBo, "ioctl"));
  }
  if (all) fn();
  for (const vmBo of locked) {
    vmBo.vm.resv.release(task);
    gpuvmBoPut(vmBo, "ioctl");
  }
  return all;
}
