import { type DmaResv, type List, type Steps, USAGE_BOOKKEEP } from "@gpuvm/core";
import { waitResvTimeout } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { MsmBo } from "./bo.ts";
import { dropPages } from "./pages.ts";

/** How long a reclaim waits at most for one busy object: 10 jiffies of 10 ms. */
const WAIT_NS = 100_000_000;

/**
 * Memory pressure (`msm_gem_shrinker_scan`): drops what programs said they do not need, then swaps out; then both
 * again, waiting for the GPU. Takes no lock that it would have to wait for: what is locked is skipped.
 *
 * @returns bytes given up
 */
export function* msmGemShrinkerScan(msm: Msm, bytes: number): Steps<number> {
  const { dontneed, willneed } = msm.lru;
  let freed = 0;
  for (const wait of [false, true]) {
    for (const [list, how] of [
      [dontneed, "purge"],
      [willneed, "evict"],
    ] as const) {
      if (freed < bytes) freed += yield* scan(msm, list, how, bytes - freed, wait);
    }
  }
  return freed;
}

/** Looks at each object of a list once, least recently used first (`drm_gem_lru_scan`). */
function* scan(
  msm: Msm,
  list: List<MsmBo>,
  how: "evict" | "purge",
  bytes: number,
  wait: boolean,
): Steps<number> {
  let freed = 0;
  const seen = new Set<MsmBo>();
  for (let bo = next(list, seen); bo !== null && freed < bytes; bo = next(list, seen)) {
    seen.add(bo);
    bo.get("ioctl");
    if (yield* reclaim(msm, bo, how, wait)) freed += bo.size;
    bo.put("ioctl");
  }
  return freed;
}

function next(list: List<MsmBo>, seen: ReadonlySet<MsmBo>): MsmBo | null {
  for (const bo of list.toArray()) if (!seen.has(bo) && bo.refs > 0) return bo;
  return null;
}

function* reclaim(msm: Msm, bo: MsmBo, how: "evict" | "purge", wait: boolean): Steps<boolean> {
  const { dev, machine } = msm;
  const task = dev.current;
  if (!bo.resv.tryAcquire(task)) return false;
  if (wait) yield* waitResvTimeout(machine, bo.resv, USAGE_BOOKKEEP, WAIT_NS, "wait_for_idle");
  const done = evictable(bo, how) && withVmLocks(msm, bo, () => dropPages(msm, bo, how));
  bo.resv.release(task);
  return done;
}

/** Pages of our own, not pinned, and no fence of any kind left (`is_purgeable`, `is_unevictable`, `msm_gem_active`). */
function evictable(bo: MsmBo, how: "evict" | "purge"): boolean {
  if (bo.imported || bo.pages !== "resident" || bo.pins > 0) return false;
  if ((how === "purge") !== (bo.madv === "dontneed")) return false;
  return bo.resv.busy(USAGE_BOOKKEEP) === null;
}

/** Try-locks every VM that the object is mapped in; false: one of them was taken (`with_vm_locks`). */
function withVmLocks(msm: Msm, bo: MsmBo, fn: () => void): boolean {
  const task = msm.dev.current;
  const locked: DmaResv[] = [];
  let all = true;
  for (const { resv } of msm.vmas.vms(bo)) {
    // A private object's lock is its VM's, which is held.
    if (resv === bo.resv || locked.includes(resv)) continue;
    all = resv.tryAcquire(task);
    if (!all) break;
    locked.push(resv);
  }
  if (all) {
    msm.lruLock.acquire(task);
    fn();
    msm.lruLock.release(task);
  }
  for (const resv of locked.reverse()) resv.release(task);
  return all;
}
