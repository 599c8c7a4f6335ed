import { EIO, ENODEV, type Errno, type Steps } from "@gpuvm/core";
import { preempt } from "@gpuvm/drm-model";
import type { PvrDevice } from "./device.ts";
import type { PvrRequest } from "./requests.ts";

/** Calls that take part in the device (`drm_dev_enter`), beside maps; the others only give something up, or ask nothing of it. */
const ENTERS: ReadonlySet<string> = new Set([
  "gem_new",
  "cpu_map",
  "vm_create",
  "queue_new",
  "exec",
  "submit_jobs",
  "free_list_create",
  "create_free_list",
  "hwrt_create",
  "create_hwrt",
]);

/**
 * `drm_ioctl`, around what answers a request.
 *
 * @returns -ENODEV for a device that is lost; -EIO if it was lost since the first look at that; else the answer
 */
export function* drmIoctl(pvr: PvrDevice, request: PvrRequest, answer: () => Steps<Errno>): Steps<Errno> {
  const { state, dev } = pvr;
  if (state.lost) return -ENODEV;
  // Only now can it be lost before the second look.
  if (state.resetting) yield* preempt(dev, "preempt", "drm_ioctl");
  if (!ENTERS.has(request.op) && !maps(request)) return yield* answer();
  // drm_dev_enter
  if (state.lost) return -EIO;
  state.inside++;
  const ret = yield* answer();
  state.inside--;
  return ret;
}

/** `pvr_ioctl_vm_map`; an unmap does not take part. */
function maps(request: PvrRequest): boolean {
  return request.op === "vm_bind" && request.ops.some(({ kind }) => kind === "map");
}
