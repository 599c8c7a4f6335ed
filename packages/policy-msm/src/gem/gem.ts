import {
  EBUSY,
  EINVAL,
  ENOENT,
  ENOMEM,
  EOPNOTSUPP,
  type Errno,
  PAGE,
  type Steps,
  USAGE_READ,
  USAGE_WRITE,
} from "@gpuvm/core";
import { lock, preempt, type RequestOf, unlock, waitResv } from "@gpuvm/drm-model";
import type { MsmFile } from "../drv/context.ts";
import { msmContextVm } from "../drv/context-vm.ts";
import type { Msm } from "../drv/device.ts";
import {
  MSM_BO_CACHE_MASK,
  MSM_BO_FLAGS,
  MSM_BO_NO_SHARE,
  MSM_BO_WC,
  MSM_PREP_NOSYNC,
  MSM_PREP_WRITE,
} from "../drv/uapi.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import { clearIova, getVmaLocked, setIovaLocked } from "../vma/vma.ts";
import { MsmBo } from "./bo.ts";
import { lockVmAndObj } from "./locks.ts";
import { vmaRefGet } from "./vma-ref.ts";

/** `MSM_GEM_NEW`. A private object needs the file's VM, and makes it. */
export function* gemNew(msm: Msm, file: MsmFile, request: RequestOf<"gem_new">): Steps<Errno> {
  const { dev } = msm;
  const flags = request.flags ?? MSM_BO_WC;
  const cache = flags & MSM_BO_CACHE_MASK;
  if ((flags & ~MSM_BO_FLAGS) !== 0 || cache === 0 || (cache & (cache - 1)) !== 0) return -EINVAL;
  if (request.size <= 0) return -EINVAL;
  const isPrivate = (flags & MSM_BO_NO_SHARE) !== 0;
  if (isPrivate && !msm.rules.vmBind) return -EINVAL;
  const vm = isPrivate ? yield* msmContextVm(msm, file.ctx) : null;
  if (isPrivate && vm === null) return -ENOMEM;
  yield* preempt(dev, "alloc", "msm_gem_new");
  const size = Math.ceil(request.size / PAGE) * PAGE;
  if (!dev.mayAlloc("msm bo")) {
    // M2: an object that failed before it got the VM's dma_resv, and that is freed as if it had.
    if (msm.defects.has("M2") && isPrivate) new MsmBo(msm, { size, flags }).put("creator");
    return -ENOMEM;
  }
  const bo = new MsmBo(msm, { size, flags, ...(vm === null ? {} : { vm }) });
  if (!dev.mayAlloc("handle")) {
    bo.put("creator");
    return -ENOMEM;
  }
  msmGemOpen(file, bo, request.bo);
  yield* preempt(dev, "publish", "drm_gem_handle_create");
  return 0;
}

/** A handle comes to be; takes over the creator's reference (`drm_gem_handle_create`, `msm_gem_open`). */
export function msmGemOpen(file: MsmFile, bo: MsmBo, handle: number): void {
  vmaRefGet(bo);
  file.publish(handle, bo);
}

/** `MSM_GEM_INFO(GET_IOVA)`: an address, and a VMA to keep it; page-table entries come with the first submit. */
export function* getIova(msm: Msm, file: MsmFile, handle: number): Steps<Errno> {
  if (file.ctx.vmBind) return -EINVAL;
  return yield* withVmAndObj(msm, file, handle, (bo, vm) => {
    const va = getVmaLocked(msm, bo, vm);
    if (va < 0) return va;
    tell(bo, vm, vm.vas.addr(va));
    return 0;
  });
}

/** `MSM_GEM_INFO(SET_IOVA)`; 0 takes the object out of the VM at once. */
export function* setIova(msm: Msm, file: MsmFile, handle: number, iova: number): Steps<Errno> {
  if (file.ctx.vmBind) return -EINVAL;
  if (!msm.rules.setIova) return -EOPNOTSUPP;
  return yield* withVmAndObj(msm, file, handle, (bo, vm) => {
    if (iova === 0) {
      clearIova(msm, bo, vm);
      bo.toldIn = null;
      return 0;
    }
    const ret = setIovaLocked(msm, bo, vm, iova);
    if (ret === 0) tell(bo, vm, iova);
    return ret;
  });
}

/** From now on the program has the address in its command streams. */
function tell(bo: MsmBo, vm: MsmGemVm, iova: number): void {
  bo.toldIn = vm;
  bo.toldIova = iova;
}

function* withVmAndObj(
  msm: Msm,
  file: MsmFile,
  handle: number,
  fn: (bo: MsmBo, vm: MsmGemVm) => Errno,
): Steps<Errno> {
  const bo = file.lookup(handle, "ioctl");
  if (bo === null) return -ENOENT;
  const vm = yield* msmContextVm(msm, file.ctx);
  // From here on the handle may be closed: the object is held, a mapping of it is not.
  yield* preempt(msm.dev, "preempt", "msm_ioctl_gem_info");
  let ret: Errno = -ENOMEM;
  if (vm !== null) {
    const exec = yield* lockVmAndObj(msm, vm, bo);
    ret = fn(bo, vm);
    exec.fini();
  }
  bo.put("ioctl");
  return ret;
}

/** `MSM_GEM_MADVISE`: into or out of the program's cache. Purged contents stay purged. */
export function* gemMadvise(msm: Msm, file: MsmFile, handle: number, willneed: boolean): Steps<Errno> {
  const { dev } = msm;
  const bo = file.lookup(handle, "ioctl");
  if (bo === null) return -ENOENT;
  yield* lock(dev, bo.resv, "msm_gem_madvise");
  yield* lock(dev, msm.lruLock, "msm_gem_madvise");
  if (bo.madv !== "purged") bo.madv = willneed ? "willneed" : "dontneed";
  bo.purgeable = !willneed;
  msm.lru.update(bo);
  unlock(dev, msm.lruLock);
  unlock(dev, bo.resv);
  bo.put("ioctl");
  return 0;
}

/** `MSM_GEM_CPU_PREP`: waits until the GPU does not write (and, for a writer, not read) the object, or asks. */
export function* gemCpuPrep(msm: Msm, file: MsmFile, handle: number, flags: number): Steps<Errno> {
  const bo = file.lookup(handle, "ioctl");
  if (bo === null) return -ENOENT;
  const usage = (flags & MSM_PREP_WRITE) !== 0 ? USAGE_READ : USAGE_WRITE;
  let ret: Errno = 0;
  if ((flags & MSM_PREP_NOSYNC) === 0) yield* waitResv(msm.dev, bo.resv, usage, "msm_gem_cpu_prep");
  else if (bo.resv.busy(usage) !== null) ret = -EBUSY;
  bo.put("ioctl");
  return ret;
}
