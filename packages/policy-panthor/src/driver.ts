import { ENOENT, type Errno, type ReferencePolicy, type Steps, withOwnership } from "@gpuvm/core";
import type { CpuMap, Driver, DriverOptions, GemClose, Machine, Request } from "@gpuvm/drm-model";
import { vmBind } from "./bind.ts";
import { boCreate } from "./bo-create.ts";
import { fileClose, vmDestroyIoctl } from "./close.ts";
import { type Panthor, panthorDevice } from "./device.ts";
import { fwInit, fwUnplug, kernelBosRole } from "./firmware.ts";
import type { Generation } from "./generation.ts";
import { groupCreate, groupDestroyIoctl, groupWait } from "./group.ts";
import { heapCreate, heapDestroy } from "./heap.ts";
import { PanthorFile } from "./panthor-file.ts";
import { primeExport, primeImport, primeRole } from "./prime.ts";
import { shrinkerScan } from "./shrink.ts";
import { groupSubmit } from "./submit.ts";
import { vmCreate } from "./vm-pool.ts";

/** Starts a generation of the driver on a machine (`panthor_probe`). */
export function start(
  policy: ReferencePolicy,
  gen: Generation,
  machine: Machine,
  options: DriverOptions = {},
): Driver {
  const boOwnership = options.boOwnership ?? policy.boOwnership;
  const panthor = panthorDevice(machine, gen, boOwnership, options.defects ?? new Set());
  machine.call(fwInit(panthor));
  return {
    policy: withOwnership(policy, boOwnership),
    open: (id) => new PanthorFile(machine, id),
    ioctl: (file, request) => ioctl(panthor, file as PanthorFile, request),
    release: (file) => fileClose(panthor, file as PanthorFile),
    unload: () => fwUnplug(panthor),
    ...(gen.evictable ? { shrink: (bytes: number) => shrinkerScan(panthor, bytes) } : {}),
    prime: primeRole(panthor),
    kernelBos: kernelBosRole(panthor),
  };
}

function ioctl(panthor: Panthor, file: PanthorFile, request: Request): Steps<Errno> {
  switch (request.op) {
    case "vm_create":
      return vmCreate(panthor, file, request);
    case "vm_destroy":
      return vmDestroyIoctl(panthor, file, request);
    case "gem_new":
      return boCreate(panthor, file, request);
    case "gem_close":
      return gemClose(file, request);
    case "vm_bind":
      return vmBind(panthor, file, request);
    case "queue_new":
      return groupCreate(panthor, file, request);
    case "queue_close":
      return groupDestroyIoctl(file, request);
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
      return cpuMap(file, request);
    default:
      return nothing();
  }
}

function* gemClose(file: PanthorFile, req: GemClose): Steps<Errno> {
  const closed = yield* file.close(req.bo, null);
  // The program keeps no descriptor of a buffer that it has given up.
  file.exports.get(req.bo)?.close();
  file.exports.delete(req.bo);
  return closed ? 0 : -ENOENT;
}

function* cpuMap(file: PanthorFile, req: CpuMap): Steps<Errno> {
  const bo = file.handles.get(req.bo);
  if (bo === undefined) return -ENOENT;
  bo.mmapped = true;
  return 0;
}

function* nothing(): Steps<Errno> {
  return 0;
}
