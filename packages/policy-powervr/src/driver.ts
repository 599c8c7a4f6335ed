import { EINVAL, ENOENT, ENOMEM, EPERM, type Errno, finish, type Steps, withOwnership } from "@gpuvm/core";
import {
  type Bo,
  countSubmit,
  DmaBuf,
  type Driver,
  type DriverOptions,
  type DrmFile,
  IovaSpace,
  type Machine,
  preempt,
  syncobjIoctl,
} from "@gpuvm/drm-model";
import { closeFile } from "./close.ts";
import type { PvrDevice } from "./device.ts";
import { drmIoctl } from "./drm-ioctl.ts";
import { PvrFile } from "./file.ts";
import { BO_FLAGS, createBo, PM_FW_PROTECT, PvrBo } from "./gem/bo.ts";
import { rulesWith } from "./history/defects.ts";
import { PvrMmuCaches } from "./mmu/caches.ts";
import { policyOf } from "./policy.ts";
import { powerReset } from "./power.ts";
import { createContext, destroyContext } from "./queue/context.ts";
import { type PvrHardware, TimedHardware } from "./queue/hardware.ts";
import { submitJobs } from "./queue/submit.ts";
import { type JobArgs, type PvrRequest, tracedJobs } from "./requests.ts";
import { createFreeList, type PvrFreeList, putFreeList } from "./tiler/free-list.ts";
import { processGrowReq, reconstructFreeList } from "./tiler/free-list-requests.ts";
import { createHwrt, putHwrt } from "./tiler/hwrt.ts";
import { importSyncFiles } from "./userspace/implicit-sync.ts";
import type { PvrVariant } from "./variants.ts";
import { bindIoctl } from "./vm/bind-ioctl.ts";
import { FW_HEAP } from "./vm/heaps.ts";
import type { PvrVmContext } from "./vm/vm-context.ts";
import { createVmContext, putVmContext } from "./vm/vm-life.ts";

/** Starts the driver on a machine. */
export function start(variant: PvrVariant, machine: Machine, options: DriverOptions = {}): PvrDriver {
  return startOn(new TimedHardware(machine), variant, machine, options).driver;
}

/** The driver with what its firmware does by itself: for scenarios. */
export interface PvrDriver extends Driver {
  readonly firmware: {
    /** It does not answer any more; `works`: a reset helps, else the device is lost (`pvr_power_reset`). */
    stalls(works: boolean): Steps<Errno>;
    /**
     * It runs out of pages in a free list that may grow (`pvr_free_list_process_grow_req`).
     *
     * @returns how many it gets: 0 if there is no memory; null if there is no list that may grow
     */
    wantsPages(): Steps<number | null>;
    /**
     * It has a free list built again from the pages that belong to it (`pvr_free_list_reconstruct`).
     *
     * @returns whether there is a list
     */
    wantsReconstruction(): Steps<boolean>;
  };
}

/** Starts it with a GPU of the caller's. */
export function startOn(
  hardware: PvrHardware,
  variant: PvrVariant,
  machine: Machine,
  options: DriverOptions = {},
): { readonly driver: PvrDriver; readonly pvr: PvrDevice } {
  const { dev } = machine;
  const own = policyOf(variant);
  const policy = withOwnership(own, options.boOwnership ?? own.boOwnership);
  const pvr: PvrDevice = {
    machine,
    dev,
    boOwnership: policy.boOwnership,
    rules: rulesWith(new Set([...variant.defects, ...(options.defects ?? [])])),
    caches: new PvrMmuCaches(machine),
    hardware,
    trace: null,
    kernelVm: null,
    fwMm: new IovaSpace(FW_HEAP.base, FW_HEAP.size),
    queues: new Set(),
    freeLists: new Set(),
    state: { resetting: false, lost: false, inside: 0 },
  };
  const device = { name: "device#0" };
  // Nothing else runs yet, and the firmware's own VM needs no object of the firmware.
  const kernelVm = finish(createVmContext(pvr, -1, null, device));
  if (typeof kernelVm !== "number") pvr.kernelVm = kernelVm;

  const driver: PvrDriver = {
    policy,
    open: (id) => new PvrFile(machine, id),
    ioctl: (file, request) => drmIoctl(pvr, request, () => ioctl(pvr, file as PvrFile, request)),
    firmware: {
      stalls: (works) => powerReset(pvr, works),
      wantsPages: () => processGrowReq(pvr),
      wantsReconstruction: () => reconstructFreeList(pvr),
    },
    release: (file) => closeFile(pvr, file as PvrFile),
    *unload() {
      pvr.caches.booted = false;
      if (pvr.kernelVm !== null) yield* putVmContext(pvr.kernelVm as PvrVmContext, device);
      pvr.kernelVm = null;
    },
    prime: {
      exportBo(file: DrmFile, handle: number) {
        const bo = (file as PvrFile).handles.get(handle);
        return bo === undefined || !exportable(bo) ? null : new DmaBuf<Bo>(machine, bo);
      },
      *importBo(file: DrmFile, dmaBuf: DmaBuf, handle: number) {
        const bo = dmaBuf.bo as PvrBo;
        if (file.handles.get(handle) === bo) return 0;
        bo.get("creator");
        file.publish(handle, bo);
        return 0;
      },
    },
  };
  return { driver, pvr };
}

/** Answers a call, the driver's own included. */
export function* ioctl(pvr: PvrDevice, file: PvrFile, request: PvrRequest): Steps<Errno> {
  switch (request.op) {
    case "gem_new":
      return yield* newBo(pvr, file, request.bo, request.size, request.flags ?? 0);
    case "gem_close": {
      const had = yield* file.close(request.bo, null);
      file.closeExport(request.bo);
      return had ? 0 : -EINVAL;
    }
    case "vm_create":
      return yield* newVm(pvr, file, request.vm);
    case "vm_destroy": {
      const ctx = file.vmContexts.erase(request.vm);
      if (ctx === undefined) return -EINVAL;
      yield* putVmContext(ctx, file.holder);
      return 0;
    }
    case "vm_bind":
      return yield* bindIoctl(file, request);
    case "queue_new":
      return yield* newContext(file, request.queue, request.vm, request.class ?? 0);
    case "queue_close": {
      const ctx = file.contexts.erase(request.queue);
      if (ctx === undefined) return -EINVAL;
      yield* destroyContext(ctx, file.flusher, file.holder);
      return 0;
    }
    case "exec":
      return yield* exec(pvr, file, tracedJobs(request.jobs ?? [], request.syncOps));
    case "free_list_create":
      return yield* newFreeList(file, file.vmContexts.values(), request);
    case "hwrt_create":
      return yield* newHwrt(pvr, file, request.id, lastTwo(file.freeLists.values()), 1);
    case "submit_jobs":
      return yield* exec(pvr, file, request.jobs);
    case "create_free_list": {
      const ctx = file.vmContexts.get(request.vm);
      return ctx === undefined ? -EINVAL : yield* newFreeList(file, [ctx], request);
    }
    case "create_hwrt": {
      const lists = [file.freeLists.get(request.local), file.freeLists.get(request.global)];
      return yield* newHwrt(pvr, file, request.id, lists, request.layers);
    }
    case "destroy_hwrt": {
      const hwrt = file.hwrts.erase(request.id);
      if (hwrt === undefined) return -EINVAL;
      yield* putHwrt(pvr, hwrt, file.holder);
      return 0;
    }
    case "destroy_free_list": {
      const list = file.freeLists.erase(request.id);
      if (list === undefined) return -EINVAL;
      yield* putFreeList(pvr, list, file.holder);
      return 0;
    }
    case "prime_export": {
      const bo = file.handles.get(request.bo);
      if (bo === undefined) return -ENOENT;
      if (!exportable(bo)) return -EPERM;
      file.export(request.bo, bo);
      return 0;
    }
    case "prime_import":
      return importForeign(pvr, file, request);
    case "cpu_map":
      return file.handles.has(request.bo) ? 0 : -ENOENT;
    case "set_name":
    case "cpu_prep":
    case "wait_fence":
      return 0;
    default:
      return yield* syncobjIoctl(file, request, -EINVAL);
  }
}

/** `pvr_ioctl_create_bo`. */
function* newBo(pvr: PvrDevice, file: PvrFile, handle: number, size: number, flags: number): Steps<Errno> {
  const { dev, machine } = pvr;
  if (size === 0 || size % 4096 !== 0 || (flags & ~BO_FLAGS) !== 0) return -EINVAL;
  const bo = yield* createBo(machine, size, flags);
  if (typeof bo === "number") return bo;
  if (dev.stopsFor("publish", "drm_gem_handle_create")) yield dev.point;
  file.publish(handle, bo);
  return 0;
}

/** `pvr_gem_export`. */
function exportable(bo: PvrBo): boolean {
  return (bo.flags & PM_FW_PROTECT) === 0;
}

/** `drm_gem_prime_fd_to_handle`, of another driver's buffer. */
function importForeign(
  pvr: PvrDevice,
  file: PvrFile,
  request: { readonly bo: number; readonly size: number; readonly fresh: boolean },
): Errno {
  if (!request.fresh) return file.handles.has(request.bo) ? 0 : -ENOENT;
  if (!pvr.dev.mayAlloc("pvr_gem_object")) return -ENOMEM;
  const size = Math.ceil(request.size / 4096) * 4096;
  file.publish(request.bo, new PvrBo(pvr.machine, { size, imported: true }));
  return 0;
}

/** `pvr_ioctl_create_vm_context`. */
function* newVm(pvr: PvrDevice, file: PvrFile, id: number): Steps<Errno> {
  const ctx = yield* createVmContext(pvr, file.id, id, file.holder);
  if (typeof ctx === "number") return ctx;
  yield* preempt(pvr.dev, "publish", "pvr_ioctl_create_vm_context");
  file.vmContexts.set(id, ctx);
  return 0;
}

/** `pvr_ioctl_create_context`. */
function* newContext(file: PvrFile, id: number, vm: number | undefined, type: number): Steps<Errno> {
  const vmCtx = vm === undefined ? undefined : file.vmContexts.get(vm);
  if (vmCtx === undefined) return -EINVAL;
  const { dev } = vmCtx.pvr;
  vmCtx.get("ioctl");
  const ctx = yield* createContext(file, vmCtx, type);
  yield* putVmContext(vmCtx, "ioctl");
  if (typeof ctx === "number") return ctx;
  if (dev.stopsFor("publish", "pvr_context_create")) yield dev.point;
  file.contexts.set(id, ctx);
  return 0;
}

/** `pvr_ioctl_submit_jobs`, and what the user-mode driver does behind it. */
function* exec(pvr: PvrDevice, file: PvrFile, jobs: readonly JobArgs[]): Steps<Errno> {
  let drawn = 0;
  for (const { type } of jobs) if (type < 2) drawn++;
  const last = yield* countSubmit(pvr.machine, () => submitJobs(pvr, file, jobs), drawn);
  if (typeof last === "number") return last;
  if (file.exported.size > 0) yield* importSyncFiles(pvr, file, last);
  last.put("ioctl");
  return 0;
}

/** `pvr_ioctl_create_hwrt_dataset`. */
function* newHwrt(
  pvr: PvrDevice,
  file: PvrFile,
  id: number | undefined,
  lists: readonly (PvrFreeList | undefined)[],
  layers: number,
): Steps<Errno> {
  const hwrt = yield* createHwrt(pvr, lists, layers, file.holder);
  if (typeof hwrt === "number") return hwrt;
  file.hwrts.set(id ?? pvr.dev.serial(), hwrt);
  return 0;
}

/** The local and the global free list of a program that names none: the last two, or the only one twice. */
function lastTwo<T>(all: readonly T[]): (T | undefined)[] {
  return [all.at(-2) ?? all.at(-1), all.at(-1)];
}

/** `pvr_ioctl_create_free_list`. The recorder did not keep the VM: the one in which the address is mapped. */
function* newFreeList(
  file: PvrFile,
  vms: readonly PvrVmContext[],
  request: {
    readonly id?: number;
    readonly va?: number;
    readonly initPages?: number;
    readonly maxPages?: number;
    readonly growPages?: number;
    readonly growThreshold?: number;
  },
): Steps<Errno> {
  const { va = 0, initPages = 0, maxPages = 0, growPages = 0, growThreshold = 0 } = request;
  const args = { va, initPages, maxPages, growPages, growThreshold };
  let ret: Errno = -EINVAL;
  for (const ctx of vms) {
    ctx.get("ioctl");
    const list = yield* createFreeList(ctx, args, file.holder);
    yield* putVmContext(ctx, "ioctl");
    if (typeof list !== "number") {
      file.freeLists.set(request.id ?? ctx.pvr.dev.serial(), list);
      return 0;
    }
    ret = list;
    if (ret !== -EINVAL) break;
  }
  return ret;
}
