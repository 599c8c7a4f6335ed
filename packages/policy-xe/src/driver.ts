import { ENOENT, type Errno, type ReferencePolicy, type Steps, withOwnership } from "@gpuvm/core";
import type { Driver, DriverOptions, GemClose, Machine, Request } from "@gpuvm/drm-model";
import { vmBindIoctl } from "./bind.ts";
import { closeHook, gemCreate } from "./bo.ts";
import { fileClose, vmDestroyIoctl } from "./close.ts";
import { type Xe, xeDevice } from "./device.ts";
import { shrinkerScan } from "./evict.ts";
import { execIoctl } from "./exec.ts";
import { showMeminfo } from "./meminfo.ts";
import { primeExport, primeImport, primeRole } from "./prime.ts";
import { madvise } from "./purgeable.ts";
import { queueCreate, queueDestroy, queueWait } from "./queue.ts";
import { vmCreate } from "./vm.ts";
import { XeFile } from "./xe-file.ts";

/** Starts the driver on a machine (`xe_device_probe`). */
export function start(policy: ReferencePolicy, machine: Machine, options: DriverOptions = {}): Driver {
  const boOwnership = options.boOwnership ?? policy.boOwnership;
  const xe = xeDevice(machine, boOwnership, options.defects ?? new Set());
  return {
    policy: withOwnership(policy, boOwnership),
    open: (id) => new XeFile(machine, id),
    ioctl: (file, request) => ioctl(xe, file as XeFile, request),
    release: (file) => fileClose(xe, file as XeFile),
    *unload() {},
    fdinfo: (file) => showMeminfo(xe, file as XeFile),
    shrink: (bytes) => shrinkerScan(xe, bytes),
    prime: primeRole(xe),
  };
}

function ioctl(xe: Xe, file: XeFile, request: Request): Steps<Errno> {
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
      return madvise(xe, file, request);
    case "prime_export":
      return primeExport(file, request);
    case "prime_import":
      return primeImport(xe, file, request);
    case "cpu_map":
      return answer(file.handles.has(request.bo) ? 0 : -ENOENT);
    default:
      return answer(0);
  }
}

function* gemClose(xe: Xe, file: XeFile, req: GemClose): Steps<Errno> {
  const closed = yield* file.close(req.bo, closeHook(xe));
  // The program keeps no descriptor of a buffer that it has given up.
  file.exports.get(req.bo)?.close();
  file.exports.delete(req.bo);
  return closed ? 0 : -ENOENT;
}

function* answer(ret: Errno): Steps<Errno> {
  return ret;
}
