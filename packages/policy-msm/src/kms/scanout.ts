import { EINVAL, type Steps } from "@gpuvm/core";
import type { Bo, Scanout } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { MsmBo } from "../gem/bo.ts";
import { getAndPinIova, unpinIova } from "../gem/kernel-bo.ts";
import { vmaRefGet, vmaRefPut } from "../gem/vma-ref.ts";

/** A framebuffer over one object (`struct msm_framebuffer`), counted by its prepares. */
class Framebuffer {
  readonly id: number;
  readonly bo: MsmBo;
  /** Prepares that were not cleaned up: the first pins, the last unpins (8ac37c88f991). */
  prepares = 0;

  constructor(id: number, bo: MsmBo) {
    this.id = id;
    this.bo = bo;
  }

  get name(): string {
    return `framebuffer#${this.id}`;
  }
}

/**
 * The display: what it shows is mapped in its own VM. The model's framebuffer lives from its first prepare to its last
 * cleanup, and holds its object meanwhile.
 */
export function msmScanout(msm: Msm): Scanout {
  const framebuffers = new Map<Bo, Framebuffer>();
  const { dev, machine, rules } = msm;
  return {
    *prepareFb(obj) {
      const { kmsVm } = msm;
      const bo = obj as MsmBo;
      // msm_framebuffer_init: a private object cannot be shown.
      if (bo.noShare || kmsVm === null) return -EINVAL;
      machine.counts.flips++;
      let fb = framebuffers.get(bo);
      if (fb === undefined) {
        fb = new Framebuffer(dev.serial(), bo);
        bo.get(fb);
        framebuffers.set(bo, fb);
      }
      if (++fb.prepares > 1) return 0;
      vmaRefGet(bo);
      const ret = yield* getAndPinIova(msm, bo, kmsVm);
      if (ret !== 0) yield* drop(fb);
      return ret;
    },
    *cleanupFb(obj) {
      const fb = framebuffers.get(obj);
      const { kmsVm } = msm;
      if (fb === undefined || kmsVm === null || fb.prepares > 1) {
        if (fb !== undefined) fb.prepares--;
        return;
      }
      yield* unpinIova(msm, fb.bo, kmsVm);
      yield* drop(fb);
    },
  };

  /** The last prepare is undone, and with it goes the model's framebuffer. */
  function* drop(fb: Framebuffer): Steps<void> {
    const { bo } = fb;
    fb.prepares--;
    framebuffers.delete(bo);
    if (rules.teardown.vmaRef) yield* vmaRefPut(msm, bo);
    else bo.vmaRef--;
    bo.put(fb);
  }
}
