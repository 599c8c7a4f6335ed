import { EINVAL, ENOENT, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { type GemClose, type GemNew, lock, preempt, unlock } from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";
import { GEM_DEFER_BACKING, PLACE_SYSTEM, PLACE_VRAM0 } from "../flags.ts";
import { initBo } from "../vm/validate.ts";
import type { XeVm } from "../vm/vm.ts";
import type { XeFile } from "../xe-file.ts";
import { XeBo } from "./bo.ts";
import type { Place } from "./lru.ts";

/** `xe_gem_create_ioctl`. */
export function* gemCreate(xe: Xe, file: XeFile, req: GemNew): Steps<Errno> {
  const { dev } = xe.machine;
  if (req.size === 0 || req.size % 4096 !== 0) return -EINVAL;
  const placements = placementsOf(xe, req.placement ?? PLACE_SYSTEM);
  if (placements === null) return -EINVAL;
  let vm: XeVm | null = null;
  if (req.vm !== undefined && req.vm !== 0) {
    vm = file.vms.get(req.vm) ?? null;
    if (vm === null) return -ENOENT;
    vm.gpuvm.get("ioctl");
    yield* lock(dev, vm.gpuvm.resv, "xe_gem_create_ioctl");
  }
  yield* preempt(dev, "alloc", "xe_bo_create_user");
  const bo = dev.mayAlloc("xe bo") ? new XeBo(xe, req.size, { vm, placements }) : null;
  let ret: Errno = bo === null ? -ENOMEM : 0;
  // Deferred: not before the first use.
  if (bo !== null)
    ret = yield* initBo(bo, ((req.flags ?? 0) & GEM_DEFER_BACKING) !== 0 ? ["system"] : placements);
  if (vm !== null) unlock(dev, vm.gpuvm.resv);
  if (bo !== null && ret === 0) {
    yield* preempt(dev, "publish", "drm_gem_handle_create");
    file.publish(req.bo, bo);
  } else bo?.put("creator");
  vm?.gpuvm.put("ioctl");
  return ret;
}

/**
 * Where a program lets an object be, the best first (`__xe_bo_placement_for_flags`); null: nowhere that there is. On a device
 * without memory of its own VRAM is taken for pages, so that what a discrete part's programs did can be replayed there; the
 * driver refuses it.
 */
function placementsOf(xe: Xe, mask: number): readonly Place[] | null {
  if (mask === 0 || (mask & ~(PLACE_SYSTEM | PLACE_VRAM0)) !== 0) return null;
  if (mask === PLACE_SYSTEM || xe.ttm.vram === null) return ["tt"];
  return mask === PLACE_VRAM0 ? ["vram"] : ["vram", "tt"];
}

/**
 * A handle closes (`xe_gem_object_close`): a private BO leaves its VM's bulk move, and that is all. Mappings stay.
 */
export function closeHook(xe: Xe): (bo: XeBo) => Steps<void> {
  return function* (bo) {
    if (bo.vm === null || bo.vm.faultMode) return;
    const { dev } = xe.machine;
    yield* lock(dev, bo.resv, "xe_gem_object_close");
    xe.ttm.leaveBulk(bo);
    unlock(dev, bo.resv);
  };
}

/** `DRM_IOCTL_GEM_CLOSE`. */
export function* gemClose(xe: Xe, file: XeFile, req: GemClose): Steps<Errno> {
  const closed = yield* file.close(req.bo, closeHook(xe));
  // The program keeps no descriptor of a buffer that it has given up.
  file.exports.get(req.bo)?.close();
  file.exports.delete(req.bo);
  return closed ? 0 : -EINVAL;
}
