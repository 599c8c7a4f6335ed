import type { BoOwnership, DrmDevice } from "@gpuvm/core";
import type { GpuEngine, IovaSpace, Machine } from "@gpuvm/drm-model";
import type { PvrRules } from "./history/rules.ts";
import type { PvrMmuCaches } from "./mmu/caches.ts";
import type { PvrVmContext } from "./vm/vm-context.ts";

/** The driver's state of the device (`struct pvr_device`). */
export interface PvrDevice {
  readonly machine: Machine;
  readonly dev: DrmDevice;
  /** Whether VMs count their objects. */
  readonly boOwnership: BoOwnership;
  /** What it does where older kernels did otherwise. */
  readonly rules: PvrRules;
  readonly caches: PvrMmuCaches;
  /** The data masters by type of job: geometry, fragment, compute, transfer. */
  readonly engines: readonly GpuEngine[];
  /** The firmware's address space (`kernel_vm_ctx`); null until made, and after the unload. */
  kernelVm: PvrVmContext | null;
  /** Addresses in it (`fw_mm`). */
  readonly fwMm: IovaSpace;
}
