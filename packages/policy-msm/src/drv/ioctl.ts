import { EINVAL, ENOSYS, type Errno, type Steps } from "@gpuvm/core";
import { type Request, syncobjIoctl } from "@gpuvm/drm-model";
import { msmGemClose } from "../gem/close.ts";
import { gemCpuPrep, gemMadvise, gemNew, getIova, setIova } from "../gem/gem.ts";
import { importForeign, primeExportCall } from "../gem/prime.ts";
import { gemSubmit } from "../gpu/submit.ts";
import { queueClose, queueNew, waitFenceNumber } from "../gpu/submitqueue.ts";
import { vmBind } from "../vma/bind.ts";
import { enableVmBind } from "./context.ts";
import type { Msm } from "./device.ts";
import type { MsmFile } from "./file.ts";
import { MSM_PREP_READ, MSM_PREP_WRITE } from "./uapi.ts";

/** Which call of the driver a request of a program is (`msm_ioctls`). */
export function ioctl(msm: Msm, file: MsmFile, request: Request): Steps<Errno> {
  const { ctx } = file;
  switch (request.op) {
    case "gem_new":
      return gemNew(msm, file, request);
    case "gem_close":
      return gemClose(msm, file, request.bo);
    case "get_iova":
      return getIova(msm, file, request.bo);
    case "set_iova":
      return setIova(msm, file, request.bo, request.iova);
    case "madvise":
      return gemMadvise(msm, file, request.bo, request.willneed);
    case "cpu_prep":
      return gemCpuPrep(msm, file, request.bo, request.flags ?? MSM_PREP_READ | MSM_PREP_WRITE);
    case "cpu_map":
    case "set_name":
      return answer(file.handles.has(request.bo) ? 0 : -EINVAL);
    case "prime_export":
      return answer(primeExportCall(msm, file, request.bo));
    case "prime_import":
      if (!request.fresh) return answer(file.handles.has(request.bo) ? 0 : -EINVAL);
      return importForeign(msm, file, request.bo, request.size, null);
    case "enable_vm_bind":
      return enableVmBind(msm, ctx);
    case "vm_bind":
      return msm.rules.vmBind ? vmBind(msm, file, request) : answer(-ENOSYS);
    case "queue_new":
      return queueNew(msm, ctx, request);
    case "queue_close":
      return answer(queueClose(ctx, request.queue));
    case "submit":
      return gemSubmit(msm, file, request);
    case "wait_fence":
      return waitFenceNumber(msm, file, request.queue ?? 0, request.fence);
    default:
      return syncobjIoctl(file, request, -EINVAL);
  }
}

function* answer(ret: Errno): Steps<Errno> {
  return ret;
}

/** `DRM_IOCTL_GEM_CLOSE` (`drm_gem_handle_delete`). */
function* gemClose(msm: Msm, file: MsmFile, handle: number): Steps<Errno> {
  const { ctx } = file;
  if (!(yield* file.close(handle, (bo) => msmGemClose(msm, ctx, bo)))) return -EINVAL;
  // What became of the descriptor of a recorded program is not in its trace: it goes with the handle.
  const dmaBuf = ctx.exports.get(handle);
  ctx.exports.delete(handle);
  dmaBuf?.close();
  return 0;
}
