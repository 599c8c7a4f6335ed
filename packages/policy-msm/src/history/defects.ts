import type { DrmDevice, Steps } from "@gpuvm/core";
import { Kref, lock, preempt, unlock } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import { MSM_BO_NO_SHARE } from "../drv/uapi.ts";
import { MsmBo } from "../gem/bo.ts";
import type { History } from "./history.ts";
import { NOW } from "./now.ts";

/** Each public bug of msm that is fixed, by its number in the catalogue: what the driver did instead. */
const DEFECTS: Readonly<Record<string, (dev: DrmDevice, msm: () => Msm) => Partial<History>>> = {
  /** An unknown handle made the bind forget what it had looked up before. */
  M1: () => ({
    lookupFailed(job) {
      for (const op of job.ops) op.bo = null;
    },
  }),
  /** An object that failed before it got the VM's dma_resv was freed as if it had. */
  M2: (_dev, msm) => ({
    newFailed(size, flags) {
      if ((flags & MSM_BO_NO_SHARE) !== 0) new MsmBo(msm(), { size, flags }).put("creator");
    },
    released(bo) {
      if (bo.noShare && bo.privateResv === null) bo.put(bo);
    },
  }),
  /** A foreign dma_resv was taken for that of a VM, and the object around it put. */
  M3: (dev) => ({
    released(bo) {
      const what = `drm_gem_object_put of what ${bo.name}'s dma_resv lies in, which is another device's and no object`;
      if (bo.imported) dev.warn(what);
    },
  }),
  /** Offset and length were not held against the object's size. */
  M4: () => ({ beyondTheEnd: () => false }),
  /** The object's offset, always 0 for an unmap, was passed for the length. */
  M5: () => ({ rangeToLock: ({ boOffset }) => boOffset }),
  /** A private object of another VM was let in. */
  M6: () => ({ mayBeMapped: () => true }),
  /** Before 8a7023b03535 each object's dma_resv was taken, whose holders may wait for this very job. */
  M7: (dev) => ({
    *beforeUnpin(job): Steps<void> {
      for (const { bo } of job.ops) {
        if (bo === null) continue;
        yield* lock(dev, bo.resv, "msm_gem_unpin_locked");
        unlock(dev, bo.resv);
      }
    },
  }),
  /** The VM was taken for made, which some call before must have done. */
  M8: () => ({
    *vmToBind(ctx) {
      if (ctx.vm === null) throw new TypeError("msm_ioctl_vm_bind reads ctx->vm, a null pointer");
      return ctx.vm;
    },
  }),
  /** The out-fence's descriptor was open to the program before the call could not fail any more. */
  M10: (dev) => ({
    *outFenceOnError(): Steps<void> {
      const syncFile = new Kref(dev, "sync_file", "fd", () => {});
      // The error path puts the file; the descriptor is still there, for the program to close.
      syncFile.put("fd");
      yield* preempt(dev, "publish", "fd_install");
      syncFile.put("fd");
    },
  }),
  /** Before 86404a9e3013 the fence that a close waits for was noted in the VMs that the kernel manages, whose close waits for none. */
  M11: () => ({ closeWaitsForWork: false }),
  /** Before 830d68f2cb8a the cleanup gave back as many pages as were asked for, from an array that nobody had filled. */
  M12: (dev) => ({
    preallocFailed(_job, pages) {
      if (pages > 0) dev.warn(`kmem_cache_free_bulk of ${pages} page-table pages that were never allocated`);
    },
  }),
  /** Before f681c2aa8676 only the number of the out-fence's descriptor was given back, and not the file. */
  M13: (dev) => ({
    submitFailed(syncFile) {
      if (syncFile) new Kref(dev, "sync_file", "ioctl", () => {});
    },
  }),
  /** Before 5d319f75ccf7 the fences of a job that the scheduler never had were for its end to free, which never came. */
  M14: (dev) => ({
    submitFailed() {
      new Kref(dev, "drm_sched_fence", "ioctl", () => {});
    },
  }),
  /** Nobody took away what a program had left mapped. */
  W8: () => ({ closeEmptiesVm: false }),
};

/** How a driver with these defects does what it does; it is looked up once, when the driver starts. */
export function historyOf(defects: ReadonlySet<string>, dev: DrmDevice, msm: () => Msm): History {
  const known = [...defects].map((name) => DEFECTS[name]).filter((was) => was !== undefined);
  return known.length === 0 ? NOW : Object.assign({ ...NOW }, ...known.map((was) => was(dev, msm)));
}
