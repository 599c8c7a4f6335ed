import type { BoOwnership, Counted, DrmDevice } from "@gpuvm/core";
import type { IovaSpace, Machine, SchedJob } from "@gpuvm/drm-model";
import type { PvrBo } from "./gem/bo.ts";
import type { PvrMmuCaches } from "./mmu/caches.ts";
import type { PvrHardware } from "./queue/hardware.ts";

/** Something that happened, for who wants to tell it. */
export type PvrEvent =
  | readonly [what: "fwobj", bo: PvrBo, bytes: number]
  | readonly [what: "job" | "job freed" | "push" | "to cccb" | "done", job: SchedJob]
  | readonly [what: "kick", pair: string]
  | readonly [what: "cleanup", of: "ctx" | "hwrt" | "freelist"]
  | readonly [what: "context freed", ctx: Counted];

/** What is known of the firmware's address space here; the rest is the VM's own affair. */
export type KernelVm = Counted;

/** A queue, as the device knows it; `queue/job.ts` knows what it is. */
export interface DeviceQueue {
  /** `DRM_PVR_JOB_TYPE_*`. */
  readonly type: number;
}

/** The driver's state of the device (`struct pvr_device`). */
export interface PvrDevice<Rules = unknown> {
  readonly machine: Machine;
  readonly dev: DrmDevice;
  /** Whether VMs count their objects. */
  readonly boOwnership: BoOwnership;
  /** What it does where older kernels did otherwise (`history/rules.ts`). */
  readonly rules: Rules;
  readonly caches: PvrMmuCaches;
  /** Firmware and GPU. */
  readonly hardware: PvrHardware;
  /** Told what happens; null: nobody listens. */
  trace: ((event: PvrEvent) => void) | null;
  /** The firmware's address space (`kernel_vm_ctx`); null until made, and after the unload. */
  kernelVm: KernelVm | null;
  /** Addresses in it (`fw_mm`). */
  readonly fwMm: IovaSpace;
  /** Every queue (`queues.idle`, `queues.active`). */
  readonly queues: Set<DeviceQueue>;
  /** Free lists that the firmware knows (`free_list_ids`); `tiler/free-list.ts` knows what they are. */
  readonly freeLists: Set<Counted>;
  /** The firmware is being reset; it did not come back, and calls are refused (`lost`); so many are inside that were not. */
  readonly state: { resetting: boolean; lost: boolean; inside: number };
}
