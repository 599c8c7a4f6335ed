import { EINVAL, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { type GemNew, preempt } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { vmGet } from "../mmu/vm-pool.ts";
import type { PanthorFile } from "../panthor-file.ts";
import { PanthorBo } from "./bo.ts";

/** `panthor_ioctl_bo_create`. */
export function* boCreate(panthor: Panthor, file: PanthorFile, req: GemNew): Steps<Errno> {
  const { dev } = panthor.machine;
  if (req.size === 0) return -EINVAL;
  const vm = req.vm === undefined || req.vm === 0 ? null : yield* vmGet(panthor, file, req.vm);
  if (vm === undefined) return -EINVAL;
  yield* preempt(dev, "alloc", "panthor_gem_create_with_handle");
  let ret: Errno = -ENOMEM;
  if (dev.mayAlloc("panthor bo")) {
    const bo = new PanthorBo(panthor, {
      size: Math.ceil(req.size / 4096) * 4096,
      rootGem: vm?.gpuvm.rObj ?? null,
      contiguity: req.contiguity,
    });
    yield* preempt(dev, "publish", "drm_gem_handle_create");
    file.publish(req.bo, bo);
    if (panthor.defects.has("PA8")) {
      // Before fe69a3918084 it was put on the debugfs list when its handle could be guessed, and closed, already.
      yield* preempt(dev, "preempt", "panthor_gem_debugfs_bo_add");
      bo.get("debugfs");
      bo.put("debugfs");
    }
    ret = 0;
  }
  vm?.gpuvm.put("ioctl");
  return ret;
}
