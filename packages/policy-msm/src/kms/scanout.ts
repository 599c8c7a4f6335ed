import type { Bo, Scanout } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { MsmBo } from "../gem/bo.ts";
import {
  framebufferCleanup,
  framebufferCreate,
  framebufferPrepare,
  framebufferPut,
  framebufferRefused,
  type MsmFramebuffer,
} from "./framebuffer.ts";

/**
 * Showing objects without a word of framebuffers: one is made for an object at its first prepare, and removed at its last
 * cleanup.
 */
export function msmScanout(msm: Msm): Scanout {
  const framebuffers = new Map<Bo, MsmFramebuffer>();
  return {
    *prepareFb(bo) {
      const known = framebuffers.get(bo);
      const fb = known ?? framebufferCreate(msm, bo as MsmBo);
      if (typeof fb === "number") return fb;
      framebuffers.set(bo, fb);
      const ret = yield* framebufferPrepare(msm, fb);
      if (ret !== 0) {
        yield* framebufferRefused(msm, fb);
        if (fb.prepareCount === 0) {
          framebuffers.delete(bo);
          framebufferPut(fb);
        }
      }
      return ret;
    },
    *cleanupFb(bo) {
      const fb = framebuffers.get(bo);
      if (fb === undefined) return;
      yield* framebufferCleanup(msm, fb);
      if (fb.prepareCount > 0) return;
      framebuffers.delete(bo);
      framebufferPut(fb);
    },
  };
}
