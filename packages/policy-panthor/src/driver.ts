import { EINVAL, ENODEV, type Errno, type ReferencePolicy, type Steps, withOwnership } from "@gpuvm/core";
import {
  type Driver,
  type DriverOptions,
  type GemClose,
  type Machine,
  type Request,
  syncobjIoctl,
} from "@gpuvm/drm-model";
import { fileClose, vmDestroyIoctl } from "./close.ts";
import { type DeviceWorks, type Panthor, panthorDevice } from "./device.ts";
import { fwInit, kernelBosRole } from "./fw/firmware.ts";
import { boCreate } from "./gem/bo-create.ts";
import { mmap, mmaps, munmap, type PanthorMmaps } from "./gem/mmap.ts";
import { primeExport, primeImport, primeRole } from "./gem/prime.ts";
import { shrinkerScan } from "./gem/shrink.ts";
import { makeDummy } from "./gem/sparse.ts";
import { heapCreate, heapDestroy } from "./heap/heap.ts";
import type { Generation } from "./history/generation.ts";
import { vmBind } from "./mmu/bind.ts";
import { vmCreate } from "./mmu/vm-pool.ts";
import { PanthorFile } from "./panthor-file.ts";
import { endsByItself } from "./sched/csg.ts";
import { processFwEvents } from "./sched/events.ts";
import { type PanthorGpu, panthorGpu } from "./sched/faults.ts";
import { groupCreate, groupDestroyIoctl } from "./sched/group-create.ts";
import { reset } from "./sched/reset.ts";
import { groupSubmit } from "./sched/submit.ts";
import { syncUpdate } from "./sched/syncwait.ts";
import { tick } from "./sched/tick.ts";
import { groupWait } from "./sched/wait.ts";
import { deviceUnplug } from "./unplug.ts";

const WORKS: DeviceWorks = {
  unplug: deviceUnplug,
  reset,
  tick,
  syncUpd: syncUpdate,
  fwEvents: processFwEvents,
  gpuDone: endsByItself,
};

/** Starts a generation of the driver on a machine. */
export function start(
  policy: ReferencePolicy,
  gen: Generation,
  machine: Machine,
  options: DriverOptions = {},
): Driver {
  return probe(policy, gen, machine, options).driver;
}

/** As {@link start}, with the device, for those who look inside (`panthor_probe`). */
export function probe(
  policy: ReferencePolicy,
  gen: Generation,
  machine: Machine,
  options: DriverOptions = {},
): { driver: Driver; panthor: Panthor } {
  const boOwnership = options.boOwnership ?? policy.boOwnership;
  const panthor = panthorDevice(machine, gen, boOwnership, options.defects ?? new Set(), WORKS);
  machine.call(() => fwInit(panthor));
  // The device is part of the state that an explorer looks at: who is in a slot, what waits for work.
  const driver: Driver & {
    readonly device: Panthor;
    readonly gpu: PanthorGpu;
    readonly mmaps: PanthorMmaps;
  } = {
    device: panthor,
    gpu: panthorGpu(panthor),
    mmaps: mmaps(panthor),
    policy: withOwnership(policy, boOwnership),
    open: (id) => openFile(panthor, id),
    ioctl: (file, request) => ioctl(panthor, file as PanthorFile, request),
    release: (file) => fileClose(panthor, file as PanthorFile),
    unload: () => panthor.unplug(),
    ...(gen.evictable ? { shrink: (bytes: number) => shrink(panthor, bytes) } : {}),
    prime: primeRole(panthor),
    kernelBos: kernelBosRole(panthor),
  };
  return { driver, panthor };
}

/** `panthor_open`: with the object that sparse mappings lead to, where there are any. */
function openFile(panthor: Panthor, id: number): PanthorFile {
  const file = new PanthorFile(panthor.machine, id);
  if (panthor.gen.sparse) file.dummy = makeDummy(panthor, file);
  return file;
}

/** What the shrinker is asked for in bytes. */
function* shrink(panthor: Panthor, bytes: number): Steps<number> {
  // `panthor_gem_shrinker_unplug`
  if (panthor.unplugged) return 0;
  return Math.max(0, yield* shrinkerScan(panthor, Math.ceil(bytes / 4096))) * 4096;
}

function ioctl(panthor: Panthor, file: PanthorFile, request: Request): Steps<Errno> {
  if (panthor.unplugged) return nothing(-ENODEV);
  switch (request.op) {
    case "vm_create":
      return vmCreate(panthor, file, request);
    case "vm_destroy":
      return vmDestroyIoctl(panthor, file, request);
    case "gem_new":
      return boCreate(panthor, file, request);
    case "gem_close":
      return gemClose(panthor, file, request);
    case "vm_bind":
      return vmBind(panthor, file, request);
    case "queue_new":
      return groupCreate(panthor, file, request);
    case "queue_close":
      return groupDestroyIoctl(panthor, file, request);
    case "exec":
      return groupSubmit(panthor, file, request);
    case "wait_fence":
      return groupWait(panthor, file, request);
    case "heap_create":
      return heapCreate(panthor, file, request);
    case "heap_destroy":
      return heapDestroy(panthor, file, request);
    case "prime_export":
      return primeExport(file, request);
    case "prime_import":
      return primeImport(panthor, file, request);
    case "cpu_map":
      return mmap(panthor, file, request.bo);
    default:
      return syncobjIoctl(file, request, 0);
  }
}

function* gemClose(panthor: Panthor, file: PanthorFile, req: GemClose): Steps<Errno> {
  // Programs unmap what they give up; no recording says so.
  if (file.handles.has(req.bo)) yield* munmap(panthor, file, req.bo);
  const closed = yield* file.close(req.bo, null);
  // The program keeps no descriptor of a buffer that it has given up.
  file.exports.get(req.bo)?.close();
  file.exports.delete(req.bo);
  return closed ? 0 : -EINVAL;
}

function* nothing(ret: Errno): Steps<Errno> {
  return ret;
}
