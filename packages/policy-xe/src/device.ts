import { type BoOwnership, type DrmGpuvm, Lock } from "@gpuvm/core";
import { KIB4, type Machine } from "@gpuvm/drm-model";
import { BindExecQueue } from "./bind/bind-exec-queue.ts";
import type { XeEvent } from "./events.ts";
import { XeEntity } from "./exec/entity.ts";
import { OrderedQueue } from "./exec/ordered-queue.ts";
import { MIGRATE, type RingJob, XeRing } from "./exec/ring.ts";
import { XeGt } from "./gt.ts";
import { XeTtm } from "./memory/ttm.ts";
import { BATTLEMAGE, LUNAR_LAKE, type XePlatform } from "./platform.ts";
import { declareWedged, type Wedged, wedgedFini } from "./wedged.ts";

/** `XE_PAGEFAULT_QUEUE_COUNT`. */
export const PAGEFAULT_QUEUES = 4;

/** The device (`struct xe_device`), as far as the rest of the driver needs it. */
export interface Xe {
  /** The machine it runs on. */
  readonly machine: Machine;
  /** What it is. */
  readonly platform: XePlatform;
  /** Whether its VMs count their objects. */
  readonly boOwnership: BoOwnership;
  /** Defects it is run with. */
  readonly defects: ReadonlySet<string>;
  /** Protects the lists of each client's buffers (`client->bos_lock`); a spinlock, one for all clients here. */
  readonly bosLock: Lock;
  /** What contains a gpuvm: see `gpuvmToVm`. */
  readonly vms: WeakMap<DrmGpuvm, object>;
  /** Where memory is. */
  readonly ttm: XeTtm;
  /** Long-running work never ends by itself, as that of a program that polls memory; else it does, as any other. */
  endlessLongRunning: boolean;
  /** Copies of the driver's own are done when they are submitted, as by a CPU; else they are jobs. */
  copiesAtOnce: boolean;
  /** The timeline of those copies (`struct xe_migrate`). */
  readonly migrate: { readonly entity: XeEntity<RingJob>; seqno: number };
  /** User fences are written in the order in which they signal (`xe->ordered_wq`). */
  readonly orderedWq: OrderedQueue;
  /** VMs with page faults, by address space (`usm.asid_to_vm`); what is in none is not found, as a VM without page faults. */
  readonly asidToVm: Map<number, DrmGpuvm>;
  /** The last address space that was given out (`usm.next_asid`). */
  lastAsid: number;
  /** Page faults, by address space (`usm.pf_queue`). */
  readonly pagefaults: readonly OrderedQueue[];
  /** Told of each thing that is done to the hardware, or null. */
  onEvent: ((event: XeEvent) => void) | null;
  /** Where the driver binds for its own sake (`xe_migrate_exec_queue`). */
  migrateQueue(): BindExecQueue;
  /** The driver goes. */
  fini(): void;
  /** What programs' work runs on. */
  readonly gt: XeGt;
  /** Whether the device is given up. */
  readonly wedged: Wedged;
  /** Page faults that nobody has looked at. */
  readonly pendingFaults: Set<object>;
  /** Gives the device up (`xe_device_declare_wedged`). */
  declareWedged(): void;
  /** The ring of an engine class. */
  ring(engineClass: number): XeRing;
  /** The next job on the first engine that a program used, or on the first there is, never ends. */
  hang(): void;
}

/** With memory of its own if the machine says how much. */
function platformOf({ options: { vram } }: Machine): XePlatform {
  return vram === undefined || vram === 0 ? LUNAR_LAKE : { ...BATTLEMAGE, vram };
}

/** A device on a machine. */
export function xeDevice(
  machine: Machine,
  boOwnership: BoOwnership,
  defects: ReadonlySet<string> = new Set(),
  platform: XePlatform = platformOf(machine),
): Xe {
  const rings = new Map<number, XeRing>();
  let migrateQueue: BindExecQueue | null = null;
  const wedged: Wedged = { mode: "upon-critical-error", flag: false };
  const pendingFaults = new Set<object>();
  const gt = new XeGt({
    machine,
    rings,
    wedged,
    pagefaultReset: () => pendingFaults.clear(),
    declareWedged: () => xe.declareWedged(),
  });
  const xe: Xe = {
    machine,
    platform,
    boOwnership,
    defects,
    bosLock: new Lock("client bos_lock", "xe client bos_lock", machine.dev.lockdep),
    vms: new WeakMap(),
    ttm: new XeTtm(platform.vram, machine.options.gart, machine.options.memory),
    endlessLongRunning: false,
    copiesAtOnce: false,
    migrate: { entity: new XeEntity(machine.fenceContext()), seqno: 0 },
    orderedWq: new OrderedQueue(machine, "xe ordered_wq"),
    gt,
    wedged,
    pendingFaults,
    declareWedged: () => declareWedged(wedged, gt, xe.ring(MIGRATE)),
    asidToVm: new Map(),
    lastAsid: 0,
    pagefaults: Array.from(
      { length: PAGEFAULT_QUEUES },
      () => new OrderedQueue(machine, "xe pagefault work"),
    ),
    onEvent: null,
    migrateQueue() {
      migrateQueue ??= new BindExecQueue(machine, platform.gtCount, null, "device", null);
      return migrateQueue;
    },
    fini() {
      wedgedFini(wedged, gt);
      migrateQueue?.kref.put("device");
      migrateQueue = null;
    },
    ring(engineClass) {
      let ring = rings.get(engineClass);
      if (ring === undefined) {
        ring = new XeRing(machine);
        ring.paused = gt.paused;
        rings.set(engineClass, ring);
      }
      return ring;
    },
    hang() {
      const first = [...rings.keys()].find((engineClass) => engineClass !== MIGRATE);
      xe.ring(first ?? 0).hang();
    },
  };
  // The root of the kernel's own VM (`xe_migrate_init`).
  xe.ttm.chargeTable(KIB4);
  return xe;
}
