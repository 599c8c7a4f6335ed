import {
  EBUSY,
  EINVAL,
  ENOENT,
  ENOMEM,
  EPERM,
  type Errno,
  type ReferencePolicy,
  type Steps,
  USAGE_READ,
  USAGE_WRITE,
  withOwnership,
} from "@gpuvm/core";
import {
  type Bo,
  DmaBuf,
  type Driver,
  type DriverOptions,
  type DrmFile,
  GpuEngine,
  type GpuFaults,
  lock,
  type Machine,
  preempt,
  type Request,
  type RequestOf,
  syncobjIoctl,
  unlock,
  waitResvTimeout,
} from "@gpuvm/drm-model";
import { createChannel, destroyChannel, openHandle } from "./channel/abi16.ts";
import { pushbuf } from "./channel/pushbuf.ts";
import { failChannel, watchSwitch } from "./channel/recovery.ts";
import { NouveauCli } from "./cli.ts";
import { closeFile, closeHandle } from "./close.ts";
import { createDevice, type NvDevice } from "./device.ts";
import { NouveauBo } from "./gem/bo.ts";
import { boInit } from "./gem/bo-init.ts";
import { GART, NO_SHARE } from "./gem/domains.ts";
import { pinCounts } from "./history/pin.ts";
import { importFailed } from "./history/prime.ts";
import { GP100, type VmmFunc } from "./mmu/desc.ts";
import { vmBindPolicy } from "./policy.ts";
import { execIoctl } from "./sched/exec.ts";
import { shrink, swapout } from "./ttm/swapout.ts";
import { validate } from "./ttm/validate.ts";
import { vmBind } from "./uvmm/bind.ts";
import { vmInit } from "./uvmm/vm-init.ts";

/** `NOUVEAU_GEM_CPU_PREP_NOWAIT` and `_WRITE`. */
const NOWAIT = 1;
const WRITE = 4;

/** How long CPU_PREP waits: 30 s. */
const PREP_NS = 30e9;

/** Starts the driver on a machine, for hardware of a generation. It answers both interfaces, whatever the variant. */
export function start(
  own: ReferencePolicy,
  machine: Machine,
  options: DriverOptions = {},
  hardware: VmmFunc = GP100,
): Driver {
  const policy = withOwnership(own, options.boOwnership ?? own.boOwnership);
  return driverOf(policy, createDevice(machine, swapout, { ...options, hardware }));
}

/** The driver with what its hardware does by itself: for scenarios. */
export interface NouveauDriver extends Driver {
  /** See {@link failChannel}. */
  failChannel(): boolean;
}

/** The driver of a device. */
export function driverOf(policy: ReferencePolicy, nv: NvDevice): NouveauDriver {
  const { machine } = nv;
  return {
    policy,
    open: (id) => new NouveauCli(nv, id),
    ioctl: (file, request) => ioctl(nv, file as NouveauCli, request),
    release: (file) => closeFile(nv, file as NouveauCli),
    *unload() {
      for (const home of Object.values(nv.places))
        if (home.taken !== 0)
          machine.hazard(
            "leak",
            "ttm",
            `the driver is gone, and ${home.taken} bytes of ${home.place} are taken`,
          );
      if (nv.host.used !== 0)
        machine.hazard(
          "leak",
          "ttm",
          `the driver is gone, and ${nv.host.used} bytes of the host's memory are taken`,
        );
    },
    failChannel: () => failChannel(nv),
    // No work by PUSHBUF ever times out: only the hardware gives its channel up, or the close of the file.
    ...(policy.variant === vmBindPolicy.variant ? { gpu: gpuOf(nv) } : {}),
    shrink: (bytes) => shrink(nv, bytes),
    scanout: {
      // nv50_wndw_prepare_fb: the display reads memory by itself, through no VM.
      prepareFb: (bo) => pin(nv, bo as NouveauBo),
      cleanupFb: (bo) => unpin(nv, bo as NouveauBo),
    },
    prime: {
      exportBo(file: DrmFile, handle: number) {
        const bo = (file as NouveauCli).handles.get(handle);
        // nouveau_gem_prime_export
        return bo === undefined || bo.rObj !== null ? null : new DmaBuf<Bo>(machine, bo);
      },
      *importBo(file: DrmFile, dmaBuf: DmaBuf, handle: number) {
        const bo = dmaBuf.bo as NouveauBo;
        if (file.handles.get(handle) === bo) return 0;
        return yield* publish(nv, file as NouveauCli, handle, bo.get("creator"));
      },
    },
  };
}

/** What the GPU does by itself. */
function gpuOf(nv: NvDevice): GpuFaults {
  return {
    hang() {
      if (nv.engine instanceof GpuEngine) nv.engine.hang();
      watchSwitch(nv);
    },
  };
}

/** `DRM_IOCTL_GEM_CLOSE`. */
function* closeBo(nv: NvDevice, cli: NouveauCli, handle: number): Steps<Errno> {
  const hook = cli.uvmm === null ? (bo: NouveauBo) => closeHandle(nv, cli, bo) : null;
  const had = yield* cli.close(handle, hook);
  cli.closeExport(handle);
  return had ? 0 : -EINVAL;
}

function* ioctl(nv: NvDevice, cli: NouveauCli, request: Request): Steps<Errno> {
  switch (request.op) {
    case "vm_init":
      return yield* vmInit(nv, cli, request.kva ?? 0, request.ksize ?? 0);
    case "gem_new":
      return yield* newBo(nv, cli, request);
    case "gem_close":
      return yield* closeBo(nv, cli, request.bo);
    case "vm_bind":
      return yield* vmBind(cli, request);
    case "exec":
      return yield* execIoctl(cli, request);
    case "submit":
      return yield* pushbuf(cli, request);
    case "channel_new":
      return yield* createChannel(nv, cli, request.channel, request.notifierBo);
    case "queue_close":
      return yield* freeChannel(nv, cli, request.queue);
    case "cpu_prep":
      return yield* cpuPrep(nv, cli, request.bo, request.flags ?? 0);
    case "prime_export": {
      const bo = cli.handles.get(request.bo);
      if (bo === undefined) return -ENOENT;
      if (bo.rObj !== null) return -EPERM;
      cli.export(request.bo, bo);
      return 0;
    }
    case "prime_import":
      return yield* importForeign(nv, cli, request);
    case "cpu_map":
    case "set_name":
      return 0;
    default:
      return yield* syncobjIoctl(cli, request, -EINVAL);
  }
}

/** `nouveau_gem_ioctl_new`. */
function* newBo(nv: NvDevice, cli: NouveauCli, request: RequestOf<"gem_new">): Steps<Errno> {
  const { dev } = nv;
  const { bo: handle, size, domain = 0 } = request;
  yield* lock(dev, cli.mutex, "nouveau_gem_ioctl_new");
  cli.disableUvmm();
  unlock(dev, cli.mutex);
  const isPrivate = (domain & NO_SHARE) !== 0;
  if (size === 0 || (isPrivate && cli.uvmm === null)) return -EINVAL;
  if (dev.stopsFor("alloc", "nouveau_gem_new")) yield dev.point;
  if (!dev.mayAlloc("nouveau_bo")) return -ENOMEM;
  const rObj = isPrivate ? cli.uvmm?.vm.rObj : undefined;
  const bo = new NouveauBo(nv, { size, domain, ...(rObj === undefined ? {} : { rObj }) });
  return yield* initAndPublish(nv, cli, handle, bo);
}

/** `nouveau_abi16_ioctl_channel_free`. */
function* freeChannel(nv: NvDevice, cli: NouveauCli, id: number): Steps<Errno> {
  const { dev } = nv;
  yield* lock(dev, cli.mutex, "nouveau_abi16_get");
  const channel = cli.channels.get(id);
  cli.channels.delete(id);
  if (channel !== undefined) yield* destroyChannel(nv, cli, channel);
  unlock(dev, cli.mutex);
  return channel === undefined ? -EINVAL : 0;
}

/** Memory for a new object, then a handle. */
function* initAndPublish(nv: NvDevice, cli: NouveauCli, handle: number, bo: NouveauBo): Steps<Errno> {
  const ret = yield* boInit(bo);
  if (ret === 0) return yield* publish(nv, cli, handle, bo);
  bo.put("creator");
  return ret;
}

/**
 * Makes a handle, which takes the creator's reference, or puts that (`drm_gem_handle_create`). A private object has none
 * in a file with another VM: -EPERM.
 */
function* publish(nv: NvDevice, cli: NouveauCli, handle: number, bo: NouveauBo): Steps<Errno> {
  const { dev } = nv;
  let ret: Errno = 0;
  if (cli.uvmm !== null && bo.rObj !== null && bo.rObj !== cli.uvmm.vm.rObj) ret = -EPERM;
  if (ret === 0) ret = yield* openHandle(nv, cli, bo);
  if (ret !== 0) {
    bo.put("creator");
    return ret;
  }
  if (dev.stopsFor("publish", "drm_gem_handle_create")) yield dev.point;
  cli.publish(handle, bo);
  return 0;
}

/** `nouveau_gem_prime_import_sg_table`. */
function* importForeign(nv: NvDevice, cli: NouveauCli, request: RequestOf<"prime_import">): Steps<Errno> {
  if (!request.fresh) return cli.handles.has(request.bo) ? 0 : -ENOENT;
  yield* preempt(nv.dev, "alloc", "nouveau_gem_prime_import_sg_table");
  if (!nv.dev.mayAlloc("nouveau_bo")) {
    importFailed(nv, request.size);
    return -ENOMEM;
  }
  const bo = new NouveauBo(nv, { size: request.size, domain: GART, imported: true });
  return yield* initAndPublish(nv, cli, request.bo, bo);
}

/** `nouveau_gem_ioctl_cpu_prep`. */
function* cpuPrep(nv: NvDevice, cli: NouveauCli, handle: number, flags: number): Steps<Errno> {
  const { machine } = nv;
  const bo = cli.lookup(handle, "ioctl");
  if (bo === null) return -ENOENT;
  const usage = (flags & WRITE) === 0 ? USAGE_WRITE : USAGE_READ;
  let idle: boolean;
  if ((flags & NOWAIT) !== 0) idle = bo.resv.busy(usage) === null;
  else idle = yield* waitResvTimeout(machine, bo.resv, usage, PREP_NS, "nouveau_gem_ioctl_cpu_prep");
  bo.put("ioctl");
  return idle ? 0 : -EBUSY;
}

/** `nouveau_bo_pin`: the count goes up only where the object is in place. */
function* pin(nv: NvDevice, bo: NouveauBo): Steps<Errno> {
  const { dev } = nv;
  if (dev.stopsAt(bo.resv, "nouveau_bo_pin")) yield dev.point;
  bo.resv.acquire(dev.current);
  let ret: Errno = bo.validDomains === 0 ? -EINVAL : 0;
  if (ret === 0) ret = yield* validate(nv, bo);
  if (pinCounts(nv, ret)) bo.pins++;
  bo.used();
  unlock(dev, bo.resv);
  return ret;
}

/** `nouveau_bo_unpin`. */
function* unpin(nv: NvDevice, bo: NouveauBo): Steps<void> {
  yield* lock(nv.dev, bo.resv, "nouveau_bo_unpin");
  bo.pins--;
  bo.used();
  unlock(nv.dev, bo.resv);
}
