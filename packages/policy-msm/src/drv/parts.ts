import type { BoOwnership, DrmDevice, GemFuncs, GpuvmOps, Lock } from "@gpuvm/core";
import type { Machine } from "@gpuvm/drm-model";
import type { MsmRules } from "../policy/rules.ts";

/** The driver's state as far as its objects and VMs need it; all of it is in `Msm`. */
export interface MsmParts {
  readonly machine: Machine;
  readonly dev: DrmDevice;
  /** Which version this is. */
  readonly rules: MsmRules;
  /** Whether kernel-managed VMs, and VM_BIND VMs, count what they map. */
  readonly ownership: { readonly managed: BoOwnership; readonly vmBind: BoOwnership };
  /** Callbacks of its VMs. */
  readonly vmOps: GpuvmOps;
  /** Hooks of its objects. */
  readonly gemFuncs: GemFuncs;
  /** `drm_device.gem_lru_mutex`. */
  readonly lruLock: Lock;
}
