import { ECANCELED, ENOENT, type Errno, type ReferencePolicy, type Steps, withOwnership } from "@gpuvm/core";
import { type Driver, type DriverOptions, type Machine, type Request, syncobjIoctl } from "@gpuvm/drm-model";
import { vmBindIoctl } from "./bind/bind.ts";
import { fileClose, vmDestroyIoctl } from "./close.ts";
import { type Xe, xeDevice } from "./device.ts";
import { execIoctl } from "./exec/exec.ts";
import { type XeGpu, xeGpu } from "./exec/gpu.ts";
import { queueCreate, queueDestroy, queueWait } from "./exec/queue.ts";
import { gemClose, gemCreate } from "./memory/gem.ts";
import { showMeminfo } from "./memory/meminfo.ts";
import { primeExport, primeImport, primeRole } from "./memory/prime.ts";
import { shrinkBytes } from "./memory/shrinker.ts";
import { swapout } from "./memory/swapout.ts";
import { madviseBo } from "./vm/madvise.ts";
import { makeRoomNow } from "./vm/validate.ts";
import { vmCreate } from "./vm/vm-create.ts";
import { XeFile } from "./xe-file.ts";

/** The driver, with what its GPU can do. */
export interface XeDriver extends Driver {
  readonly gpu: XeGpu;
}

/** Starts the driver on a machine (`xe_device_probe`). */
export function start(policy: ReferencePolicy, machine: Machine, options: DriverOptions = {}): XeDriver {
  const boOwnership = options.boOwnership ?? policy.boOwnership;
  return driverOf(xeDevice(machine, boOwnership, options.defects), policy);
}

/** The driver on a device that is there. */
export function driverOf(xe: Xe, policy: ReferencePolicy): XeDriver {
  const { machine, boOwnership } = xe;
  xe.ttm.makeRoom = (bytes) => makeRoomNow(xe, bytes);
  xe.ttm.swapout = (ctx) => swapout(xe, ctx);
  return {
    policy: withOwnership(policy, boOwnership),
    open: (id) => new XeFile(machine, id),
    ioctl: (file, request) => ioctl(xe, file as XeFile, request),
    release: (file) => fileClose(xe, file as XeFile),
    *unload() {
      xe.fini();
      for (const left of xe.ttm.left())
        machine.hazard(
          "leak",
          "ttm",
          `the driver is gone, and ${left.bytes} bytes of ${left.place} are taken`,
        );
    },
    fdinfo: (file) => showMeminfo(xe, file as XeFile),
    shrink: (bytes) => shrinkBytes(xe, bytes),
    gpu: xeGpu(xe),
    prime: primeRole(xe),
  };
}

/** `xe_drm_ioctl`. */
function ioctl(xe: Xe, file: XeFile, request: Request): Steps<Errno> {
  if (xe.wedged.flag) return answer(-ECANCELED);
  switch (request.op) {
    case "vm_create":
      return vmCreate(xe, file, request);
    case "vm_destroy":
      return vmDestroyIoctl(xe, file, request);
    case "gem_new":
      return gemCreate(xe, file, request);
    case "gem_close":
      return gemClose(xe, file, request);
    case "vm_bind":
      return vmBindIoctl(xe, file, request);
    case "queue_new":
      return queueCreate(xe, file, request);
    case "queue_close":
      return queueDestroy(file, request);
    case "exec":
      return execIoctl(xe, file, request);
    case "wait_fence":
      return queueWait(xe, file, request);
    case "madvise":
      return madviseBo(xe, file, request);
    case "prime_export":
      return primeExport(file, request);
    case "prime_import":
      return primeImport(xe, file, request);
    case "cpu_map":
      return answer(file.handles.has(request.bo) ? 0 : -ENOENT);
    default:
      return syncobjIoctl(file, request, 0);
  }
}

function* answer(ret: Errno): Steps<Errno> {
  return ret;
}
