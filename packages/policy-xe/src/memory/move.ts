import {
  type DmaFence,
  type DrmGpuvmBo,
  EBUSY,
  type Errno,
  gemVmBos,
  gpuvmBoEvict,
  gpuvmBoForEachVa,
  type Steps,
  USAGE_BOOKKEEP,
} from "@gpuvm/core";
import type { Xe } from "../device.ts";
import { enableSignaling, waitIdle } from "../preempt/preempt-fence.ts";
import { invalidateVma } from "../pt/invalidate.ts";
import { gpuvmToVm, type XeVm } from "../vm/vm.ts";
import type { XeBo } from "./bo.ts";
import type { Place } from "./lru.ts";
import { clearBo, copyBo } from "./migrate.ts";
import { ALONE, type PlaceContext } from "./place-context.ts";
import { purgePages, setPurgeableState } from "./purgeable.ts";
import { pagesOf } from "./ttm.ts";
import type { Vram } from "./vram.ts";

/**
 * An object is about to move (`xe_bo_trigger_rebind`). VMs without page faults are only told: nothing runs in them before
 * it has rebound. In fault mode the entries go now, when the GPU is done. The object's dma_resv is held.
 *
 * @param noWait -EBUSY rather than wait for the GPU
 */
export function* triggerRebind(xe: Xe, bo: XeBo, noWait = false): Steps<Errno> {
  const { dev } = xe.machine;
  if (bo.gpuva.length > 0) for (const { fence } of bo.resv.pending()) enableSignaling(fence);
  for (let node = gemVmBos(bo).head; node !== null; ) {
    const { next, owner: vmBo } = node;
    const vm = gpuvmToVm(xe, vmBo.vm);
    if (vm?.faultMode) {
      if (noWait && bo.resv.busy(USAGE_BOOKKEEP) !== null) return -EBUSY;
      yield* waitIdle(dev, bo.resv, "xe_bo_trigger_rebind");
      gpuvmBoForEachVa(vmBo, (va) => {
        const vma = vm.vmas[va];
        if (vma !== undefined) invalidateVma(vma);
      });
    } else {
      if (xe.defects.has("X5") && vm !== undefined) rebindUnlocked(vm, vmBo);
      gpuvmBoEvict(vmBo, true);
    }
    node = next;
  }
  return 0;
}

/** X5, before the core's evict list: the VMAs go onto the VM's own list, whose lock an evictor does not hold. */
function rebindUnlocked(vm: XeVm, vmBo: DrmGpuvmBo): void {
  const { dev, resv } = vm.gpuvm;
  dev.lockdep?.assertHeld(dev.current, resv, "vm->rebind_list");
  gpuvmBoForEachVa(vmBo, (va) => {
    const vma = vm.vmas[va];
    if (vma !== undefined) vm.rebindList.add(vma);
  });
}

/**
 * Moves an object's memory (`xe_bo_move`). The room was taken before. Between VRAM and pages that the GPU does not reach it
 * goes by pages that it reaches. Its dma_resv is held.
 *
 * @param evict for another's sake: what nobody needs is given up instead
 * @param ctx what may be done for it; with `noWait` -EBUSY rather than wait for the GPU
 */
export function* moveBo(xe: Xe, bo: XeBo, to: Place, evict = false, ctx: PlaceContext = ALONE): Steps<Errno> {
  const { noWait } = ctx;
  const from = bo.place;
  if (to === "tt") {
    const ret = yield* xe.ttm.populate(bo, ctx);
    if (ret !== 0) return ret;
  }
  if (evict && bo.madv === "dontneed") return yield* giveUp(xe, bo, noWait);
  const hasData = from === "vram" || (from !== null && bo.tt !== "none");
  if (!hasData || (from === "system" && to === "tt")) {
    if (to === "vram") clearBo(xe, bo, to);
    xe.ttm.assign(bo, to);
    return 0;
  }
  const ret = yield* triggerRebind(xe, bo, noWait);
  if (ret !== 0) return ret;
  if (from === "tt" && to === "system") {
    if (noWait && bo.resv.busy(USAGE_BOOKKEEP) !== null) return -EBUSY;
    yield* waitIdle(xe.machine.dev, bo.resv, "xe_bo_move");
    xe.ttm.assign(bo, "system");
    bo.takePages("evicted");
    return 0;
  }
  if (from === "system" || to === "system") {
    // -EMULTIHOP
    xe.ttm.gart.take(bo.size);
    const hop = yield* moveBo(xe, bo, "tt", false, ctx);
    if (hop !== 0) xe.ttm.gart.release(bo.size);
    return hop !== 0 ? hop : yield* moveBo(xe, bo, to, evict, ctx);
  }
  moveByGpu(xe, bo, to, evict);
  return 0;
}

/**
 * Between VRAM and pages (`ttm_bo_move_accel_cleanup`). The room of what is evicted is free at once, for those who wait for the
 * copy; else it is when the copy is done.
 */
function moveByGpu(xe: Xe, bo: XeBo, to: Place, evict: boolean): void {
  const { ttm } = xe;
  const { vram } = ttm;
  const from = bo.place as Place;
  const copied = copyBo(xe, bo, from, to);
  bo.moves(copied);
  if (from === "vram" && vram !== null && !copied.signaled) {
    if (evict) vram.moving = copied;
    else {
      staysEmpty(xe, bo, vram, copied);
      // `ttm_bo_move_to_ghost`
      vram.used += bo.size;
      copied.onSignal(() => vram.release(bo.size));
    }
  }
  ttm.assign(bo, to);
  // Work of before the move goes by entries that lead to the old place, which somebody else may have from here on.
  const users = [...xe.machine.inUse].filter((job) => job.loses(bo, "evicted"));
  const left = () => {
    const job = users.find((user) => xe.machine.inUse.has(user));
    if (job === undefined) return;
    const what = `${bo.name} is evicted while a job that uses it runs${job.believed}`;
    xe.machine.hazard("use-after-free", bo.name, what);
  };
  if (copied.signaled) left();
  else copied.onSignal(left);
}

/** On a machine that watches: finds out when a copy ends whether its source was given to others meanwhile. */
function staysEmpty({ machine, ttm }: Xe, { name, size }: XeBo, vram: Vram, copied: DmaFence): void {
  if (machine.options.watch !== true) return;
  vram.copiedFrom += size;
  copied.onSignal(() => {
    let others = vram.tables;
    for (const bo of ttm.lrus.vram.walk()) others += bo.size;
    if (others + vram.copiedFrom > vram.size)
      machine.hazard("use-after-free", name, `${name} is copied from VRAM that others were given meanwhile`);
    vram.copiedFrom -= size;
  });
}

/** `xe_ttm_bo_purge`: the memory goes, and its contents with it. */
function* giveUp(xe: Xe, bo: XeBo, noWait: boolean): Steps<Errno> {
  const ret = yield* triggerRebind(xe, bo, noWait);
  if (ret !== 0) return ret;
  if (noWait && bo.resv.busy(USAGE_BOOKKEEP) !== null) return -EBUSY;
  yield* waitIdle(xe.machine.dev, bo.resv, "ttm_bo_pipeline_gutting");
  xe.ttm.assign(bo, null);
  bo.tt = "none";
  setPurgeableState(bo, "purged");
  bo.takePages("purged");
  return 0;
}

/** Gives an object's pages up for good (`xe_bo_shrink` of one that may be purged). */
export function* purge(xe: Xe, bo: XeBo, noWait: boolean): Steps<Errno> {
  if (bo.place !== "system") {
    const ret = yield* triggerRebind(xe, bo, noWait);
    if (ret !== 0) return ret;
    yield* waitIdle(xe.machine.dev, bo.resv, "xe_bo_shrink_purge");
    xe.ttm.assign(bo, "system");
  }
  yield* waitIdle(xe.machine.dev, bo.resv, "ttm_bo_shrink");
  purgePages(bo);
  if (bo.madv === "dontneed") setPurgeableState(bo, "purged");
  bo.pages = pagesOf(bo);
  bo.takePages(bo.madv === "purged" ? "purged" : "evicted");
  return 0;
}
