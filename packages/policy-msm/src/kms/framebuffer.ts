import { EINVAL, type Errno, type Steps } from "@gpuvm/core";
import { handleGone } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { MsmBo } from "../gem/bo.ts";
import { getAndPinIova, unpinIova } from "../gem/kernel-bo.ts";
import { vmaRefGet, vmaRefPut } from "../gem/vma-ref.ts";

/** A framebuffer over one object (`struct msm_framebuffer`): holds it, and counts as a handle of it, until RMFB. */
export class MsmFramebuffer {
  /** Unique on its device. */
  readonly id: number;
  /** Counted. */
  readonly bo: MsmBo;
  /** References: the program's, and one for each plane that shows it. */
  refs = 1;
  /** Prepares that were not cleaned up: the first pins, the last unpins (8ac37c88f991). */
  prepareCount = 0;

  constructor(id: number, bo: MsmBo) {
    this.id = id;
    this.bo = bo;
  }

  /** `framebuffer#5`, for findings. */
  get name(): string {
    return `framebuffer#${this.id}`;
  }
}

/** ADDFB (`msm_framebuffer_create`, `drm_framebuffer_init`): -EINVAL for a private object. */
export function framebufferCreate(msm: Msm, bo: MsmBo): MsmFramebuffer | Errno {
  if (bo.noShare) return -EINVAL;
  const fb = new MsmFramebuffer(msm.dev.serial(), bo);
  bo.get(fb);
  bo.framebuffers++;
  return fb;
}

/** One reference less: the last one lets go of the object (`drm_framebuffer_put`, `drm_gem_fb_destroy`). */
export function framebufferPut(fb: MsmFramebuffer): void {
  if (--fb.refs > 0) return;
  fb.bo.framebuffers--;
  handleGone(fb.bo);
  fb.bo.put(fb);
}

/** It is about to be shown (`msm_framebuffer_prepare`): pages that stay, and a mapping where the display looks. */
export function* framebufferPrepare(msm: Msm, fb: MsmFramebuffer): Steps<Errno> {
  const { kmsVm, machine } = msm;
  if (kmsVm === null) return -EINVAL;
  machine.counts.flips++;
  if (++fb.prepareCount > 1) return 0;
  vmaRefGet(fb.bo);
  return yield* getAndPinIova(msm, fb.bo, kmsVm);
}

/** It could not be made ready, and will not be shown: nothing is pinned. */
export function* framebufferRefused(msm: Msm, fb: MsmFramebuffer): Steps<void> {
  fb.prepareCount--;
  yield* vmaRefPut(msm, fb.bo);
}

/** It is shown no more (`msm_framebuffer_cleanup`): the mapping stays as long as `vma_ref` says. */
export function* framebufferCleanup(msm: Msm, fb: MsmFramebuffer): Steps<void> {
  const { kmsVm } = msm;
  if (kmsVm === null || --fb.prepareCount > 0) return;
  yield* unpinIova(msm, fb.bo, kmsVm);
  yield* vmaRefPut(msm, fb.bo);
}
