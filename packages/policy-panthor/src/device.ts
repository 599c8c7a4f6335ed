import type { BoOwnership, DrmGpuvm, Steps } from "@gpuvm/core";
import type { Machine } from "@gpuvm/drm-model";
import type { KernelBo } from "./gem/bo.ts";
import { Reclaim } from "./gem/reclaim-lists.ts";
import type { Generation } from "./history/generation.ts";
import { AsSlots } from "./mmu/as-slots.ts";
import type { BindJob, PanthorVm } from "./mmu/vm.ts";
import { GpuWork } from "./sched/gpu-work.ts";
import type { PanthorGroup, PanthorJob } from "./sched/group.ts";
import { Scheduler } from "./sched/scheduler.ts";

/**
 * What the MMU code did, as the driver's own would be seen to do it: calls into io-pgtable, commands to an address
 * space, flushes.
 */
export type MmuEvent = string | readonly (string | number)[];

/** A word, a number, or who it is about. */
export type SchedEventPart = string | number | PanthorGroup | PanthorJob;

/** The device (`struct panthor_device`), as far as the rest of the driver needs it. */
export interface Panthor {
  /** The machine it runs on. */
  readonly machine: Machine;
  /** Which generation of the driver. */
  readonly gen: Generation;
  /** Whether its VMs count their objects. */
  readonly boOwnership: BoOwnership;
  /** Defects it is run with. */
  readonly defects: ReadonlySet<string>;
  /** The driver's VMs of gpuvms. */
  readonly vms: WeakMap<DrmGpuvm, PanthorVm>;
  /** Shares the firmware's slots among groups. */
  readonly sched: Scheduler;
  /** Where jobs run. */
  readonly gpu: GpuWork;
  /** Hardware address spaces. */
  readonly as: AsSlots;
  /** Which objects can be reclaimed, and in which order. */
  readonly reclaim: Reclaim;
  /** The firmware's VM; null before probe and after remove. */
  mcu: PanthorVm | null;
  /** The firmware's memory. */
  fw: KernelBo | null;
  /** Told of each object of the driver's own, when it is made (true) and before it goes; null: nobody listens. */
  onKernelBo: ((kbo: KernelBo, made: boolean) => void) | null;
  /** The device is gone: nothing is said to it (`drm_dev_enter`). */
  unplugged: boolean;
  /** Takes the device out of use (`panthor_device_unplug`). */
  readonly unplug: () => Steps<void>;
  /** Resets it (`panthor_device_reset_work`). */
  readonly reset: () => Steps<void>;
  /** A reset is under way: bind jobs do not run (`mmu->vm.reset_in_progress`). */
  vmResetInProgress: boolean;
  /** Told of what the scheduler and the firmware do; null: nobody listens. */
  onSched: ((event: readonly SchedEventPart[]) => void) | null;
  /** Told of each job, operation of a bind, that is given to its queue, with its place in the call; null: nobody listens. */
  onPush: ((job: PanthorJob | BindJob, place: number) => void) | null;
  /** Told of each job that is made; null: nobody listens. */
  onJobNew: ((job: PanthorJob) => void) | null;
  /** Told of each job and group that is freed; null: nobody listens. */
  onJobFree: ((job: PanthorJob) => void) | null;
  /** See {@link Panthor.onJobFree}. */
  onGroupFree: ((group: PanthorGroup) => void) | null;
  /** Told of what is done to page tables and address spaces; null: nobody listens. */
  onMmu: ((vm: PanthorVm, event: MmuEvent) => void) | null;
}

/** What is done with a device by its work items. */
export interface DeviceWorks {
  /** `panthor_device_unplug` */
  readonly unplug: (panthor: Panthor) => Steps<void>;
  /** `panthor_device_reset_work` */
  readonly reset: (panthor: Panthor) => Steps<void>;
  /** `tick_work` */
  readonly tick: (panthor: Panthor) => Steps<void>;
  /** `sync_upd_work` */
  readonly syncUpd: (panthor: Panthor) => Steps<void>;
  /** The GPU is done with the job at hand. */
  readonly gpuDone: (panthor: Panthor) => void;
  /** `process_fw_events_work` */
  readonly fwEvents: (panthor: Panthor) => Steps<void>;
}

/** A device on a machine. */
export function panthorDevice(
  machine: Machine,
  gen: Generation,
  boOwnership: BoOwnership,
  defects: ReadonlySet<string>,
  works: DeviceWorks,
): Panthor {
  const panthor: Panthor = {
    machine,
    gen,
    boOwnership,
    defects,
    vms: new WeakMap(),
    sched: new Scheduler(machine, {
      tick: () => works.tick(panthor),
      syncUpd: () => works.syncUpd(panthor),
      fwEvents: () => works.fwEvents(panthor),
    }),
    gpu: new GpuWork(() => works.gpuDone(panthor)),
    as: new AsSlots(),
    reclaim: new Reclaim(),
    mcu: null,
    fw: null,
    onKernelBo: null,
    unplugged: false,
    unplug: () => works.unplug(panthor),
    reset: () => works.reset(panthor),
    vmResetInProgress: false,
    onSched: null,
    onPush: null,
    onJobNew: null,
    onJobFree: null,
    onGroupFree: null,
    onMmu: null,
  };
  return panthor;
}
