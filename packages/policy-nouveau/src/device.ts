import { type BoOwnership, type DrmDevice, type DrmGpuvm, type Gpuva, Lock, type Steps } from "@gpuvm/core";
import { type Bo, GpuEngine, type GpuJob, type Machine, type Timer } from "@gpuvm/drm-model";
import { type FenceChannel, Timeline } from "./channel/timeline.ts";
import { GP100, type VmmFunc } from "./mmu/desc.ts";
import { Space } from "./mmu/space.ts";
import { type MmuEvent, Vmm } from "./mmu/vmm.ts";
import { Manager } from "./ttm/manager.ts";
import { PL_SYSTEM, PL_TT, PL_VRAM, type Place } from "./ttm/place.ts";

/** What the driver does below the tree, told as it happens. */
export type NvEvent =
  | MmuEvent
  | readonly ["copy", bo: Bo, from: Place, to: Place]
  | readonly ["exec job runs" | "pushbuf" | "channel waits for another"];

/** The driver as a client of its own (`drm->client`): where and with what it copies. */
export interface DriverClient {
  readonly mutex: Lock;
  readonly vmm: Vmm;
  readonly space: Space;
  /** The channel of the copy engine (`drm->ttm.chan`). */
  readonly channel: FenceChannel;
}

/** A VM that a program manages, as far as a move of memory needs it. */
export interface UserVm {
  /** Its entries are not there, because its object was moved (`drm_gpuva_invalidated`). */
  invalidated(va: Gpuva): boolean;
  /** Sets that. */
  invalidate(va: Gpuva, on: boolean): void;
  /** Writes the entries of a VA (`nouveau_uvma_map`). */
  mapVa(va: Gpuva): void;
  /** Clears them, unless a move has (`nouveau_uvma_unmap`). */
  unmapVa(va: Gpuva): void;
}

/** The driver's state of the device (`struct nouveau_drm`). */
export interface NvDevice {
  readonly machine: Machine;
  readonly dev: DrmDevice;
  /** Whether VMs that programs manage count their objects. */
  readonly boOwnership: BoOwnership;
  /** Whether a client's own VMM does: not by itself. */
  readonly clientOwnership: BoOwnership;
  /** Numbers of the catalogue's bugs that are in. */
  readonly defects: ReadonlySet<string>;
  /** The generation of the page tables. */
  readonly hardware: VmmFunc;
  /** The graphics engine; channels take turns on it. */
  readonly engine: { submit(job: GpuJob): void };
  /** When the hardware will have tried for too long to switch to another channel. */
  readonly hardwareWatch: { timer: Timer | null };
  /** The GPU works, and may use what it was given; false: its jobs are done as they begin. */
  readonly gpuWorks: boolean;
  /** The client's VMM behind each tree that programs manage themselves. */
  readonly uvmms: Map<DrmGpuvm, UserVm>;
  /** Where memory can be, and who is there (`ttm.bdev`). */
  readonly places: Readonly<Record<Place, Manager>>;
  /** Pages of the host's that objects have, in bytes (`ttm_pages_allocated`), and may have (`ttm_pages_limit`). */
  readonly host: { used: number; readonly limit: number };
  readonly driver: DriverClient;
  /** Lets swap have one object's pages; how many (`ttm_global_swapout`). */
  readonly swapout: () => Steps<number>;
  /** Told of page tables, copies and work; null: nobody listens. */
  readonly tell: ((event: NvEvent) => void) | null;
}

/** What a device is made of. */
export interface NvDeviceOptions {
  readonly boOwnership?: BoOwnership | undefined;
  readonly defects?: ReadonlySet<string> | undefined;
  readonly hardware?: VmmFunc | undefined;
  readonly engine?: NvDevice["engine"];
  readonly gpuWorks?: boolean;
  readonly tell?: NvDevice["tell"];
}

/** A device on a machine. */
export function createDevice(
  machine: Machine,
  swapout: (nv: NvDevice) => Steps<number>,
  options: NvDeviceOptions = {},
): NvDevice {
  const { dev } = machine;
  const { hardware = GP100, tell = null } = options;
  const nv: NvDevice = {
    swapout: () => swapout(nv),
    machine,
    dev,
    boOwnership: options.boOwnership ?? "hard",
    clientOwnership: options.boOwnership ?? "soft",
    defects: options.defects ?? new Set(),
    hardware,
    engine: options.engine ?? new GpuEngine(machine, "gr"),
    hardwareWatch: { timer: null },
    gpuWorks: options.gpuWorks ?? true,
    uvmms: new Map(),
    places: {
      [PL_SYSTEM]: new Manager(PL_SYSTEM),
      [PL_TT]: new Manager(PL_TT, machine.options.gart),
      [PL_VRAM]: new Manager(PL_VRAM, machine.options.vram),
    },
    host: { used: 0, limit: machine.options.memory ?? Number.POSITIVE_INFINITY },
    driver: {
      mutex: new Lock("mutex of the driver's client", "nouveau_cli.mutex of the driver", dev.lockdep),
      vmm: new Vmm(machine, hardware, "the driver's VMM", false, tell),
      space: new Space(4096, 2 ** hardware.bits - 4096),
      channel: { timeline: new Timeline(machine) },
    },
    tell,
  };
  return nv;
}
