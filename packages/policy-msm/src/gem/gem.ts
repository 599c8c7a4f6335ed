import {
  EBUSY,
  EINVAL,
  ENOENT,
  ENOMEM,
  EOPNOTSUPP,
  type Errno,
  isErr,
  PAGE,
  type Steps,
  USAGE_READ,
  USAGE_WRITE,
} from "@gpuvm/core";
import { lock, preempt, type RequestOf, toldIdle, unlock, waitResvInterruptible } from "@gpuvm/drm-model";
import { msmContextVm } from "../drv/context-vm.ts";
import type { Msm } from "../drv/device.ts";
import type { MsmFile } from "../drv/file.ts";
import {
  MSM_BO_CACHE_MASK,
  MSM_BO_CACHES,
  MSM_BO_FLAGS,
  MSM_BO_NO_SHARE,
  MSM_BO_WC,
  MSM_PREP_NOSYNC,
  MSM_PREP_WRITE,
} from "../drv/uapi.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import { clearIova, getVmaLocked, setIovaLocked } from "../vma/vma.ts";
import { MsmBo, type MsmBoOptions } from "./bo.ts";
import { lockVmAndObj } from "./locks.ts";
import { underLru } from "./under-lru.ts";
import { vmaRefGet } from "./vma-ref.ts";

/** An object with one reference (`msm_gem_new`, `msm_gem_import`), on the list that its pages say (`msm_gem_init_bookkeeping`). */
export function msmGemNew(msm: Msm, options: MsmBoOptions): MsmBo {
  const bo = new MsmBo(msm, options);
  underLru(msm, () => {
    if (!bo.imported) msm.lru.unbacked.push(bo.onLru);
  });
  return bo;
}

/** `MSM_GEM_NEW` (`msm_gem_new_handle`). A private object needs the file's VM, and makes it. */
export function* gemNew(msm: Msm, file: MsmFile, request: RequestOf<"gem_new">): Steps<Errno> {
  const { dev } = msm;
  const flags = request.flags ?? MSM_BO_WC;
  if ((flags & ~MSM_BO_FLAGS) !== 0) return -EINVAL;
  const isPrivate = (flags & MSM_BO_NO_SHARE) !== 0;
  if (isPrivate && !msm.rules.vmBind) return -EINVAL;
  const vm = isPrivate ? yield* msmContextVm(msm, file.ctx) : null;
  if (isPrivate && vm === null) return -EINVAL;
  if (request.size <= 0 || !MSM_BO_CACHES.has(flags & MSM_BO_CACHE_MASK)) return -EINVAL;
  yield* preempt(dev, "alloc", "msm_gem_new");
  const size = Math.ceil(request.size / PAGE) * PAGE;
  if (!dev.mayAlloc("msm bo")) {
    msm.history.newFailed(size, flags);
    return -ENOMEM;
  }
  const bo = msmGemNew(msm, { size, flags, ...(vm === null ? {} : { vm }) });
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
  return yield* withVmAndObj(msm, file, handle, noAnswer, (bo, vm) => {
    const va = getVmaLocked(msm, bo, vm);
    if (isErr(va)) return va;
    tell(bo, vm, vm.vas.addr(va));
    return 0;
  });
}

/** `MSM_GEM_INFO(SET_IOVA)`; 0 takes the object out of the VM at once. */
export function* setIova(msm: Msm, file: MsmFile, handle: number, iova: number): Steps<Errno> {
  // Only where the VM is the program's own.
  const refuse = (vm: MsmGemVm) => (msm.rules.setIova && vm !== msm.gpuVm ? 0 : -EOPNOTSUPP);
  return yield* withVmAndObj(msm, file, handle, refuse, (bo, vm) => {
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

function noAnswer(): Errno {
  return 0;
}

/** `msm_ioctl_gem_info`: the VM is made even for a program that may not ask, since it manages addresses itself. */
function* withVmAndObj(
  msm: Msm,
  file: MsmFile,
  handle: number,
  refuse: (vm: MsmGemVm) => Errno,
  fn: (bo: MsmBo, vm: MsmGemVm) => Errno,
): Steps<Errno> {
  const bo = file.lookup(handle, "ioctl");
  if (bo === null) return -ENOENT;
  const vm = yield* msmContextVm(msm, file.ctx);
  // From here on the handle may be closed: the object is held, a mapping of it is not.
  yield* preempt(msm.dev, "preempt", "msm_ioctl_gem_info");
  let ret: Errno = -ENOMEM;
  if (vm !== null) ret = file.ctx.vmBind ? -EINVAL : refuse(vm);
  if (vm !== null && ret === 0) {
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
  if ((flags & MSM_PREP_NOSYNC) === 0)
    ret = yield* waitResvInterruptible(msm.dev, bo.resv, usage, file.process, "msm_gem_cpu_prep");
  else if (bo.resv.busy(usage) !== null) ret = -EBUSY;
  if (ret === 0) toldIdle(msm.machine, bo, usage === USAGE_READ);
  bo.put("ioctl");
  return ret;
}
