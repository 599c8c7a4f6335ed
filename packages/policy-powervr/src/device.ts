import type { BoOwnership, DrmDevice } from "@gpuvm/core";
import type { GpuEngine, IovaSpace, Machine } from "@gpuvm/drm-model";
import type { PvrMmu } from "./mmu.ts";
import type { PvrVmContext } from "./vm-context.ts";

/** The driver's state of the device (`struct pvr_device`). */
export interface PvrDevice {
  readonly machine: Machine;
  readonly dev: DrmDevice;
  /** Whether VMs count their objects. */
  readonly boOwnership: BoOwnership;
  /** Numbers of the catalogue's bugs that are in. */
  readonly defects: ReadonlySet<string>;
  readonly mmu: PvrMmu;
  /** The data masters by type of job: geometry, fragment, compute, transfer. */
  readonly engines: readonly GpuEngine[];
  /** The firmware's address space (`kernel_vm_ctx`); null until made, and after the unload. */
  kernelVm: PvrVmContext | null;
  /** Addresses in it (`fw_mm`). */
  readonly fwMm: IovaSpace;
}
