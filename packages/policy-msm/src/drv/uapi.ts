/** `MSM_BO_SCANOUT`. */
export const MSM_BO_SCANOUT = 0x1;
/** `MSM_BO_GPU_READONLY`. */
export const MSM_BO_GPU_READONLY = 0x2;
/** `MSM_BO_NO_SHARE`: private to the VM of the file that makes it, whose dma_resv it uses. */
export const MSM_BO_NO_SHARE = 0x4;
/** `MSM_BO_WC`, write-combined. */
export const MSM_BO_WC = 0x20000;
/** `MSM_BO_CACHE_MASK`. */
export const MSM_BO_CACHE_MASK = 0xf0000;
/** How an object may be cached: one of `MSM_BO_CACHED`, {@link MSM_BO_WC}, `MSM_BO_CACHED_COHERENT`. */
export const MSM_BO_CACHES: ReadonlySet<number> = new Set([0x10000, MSM_BO_WC, 0x80000]);
/** Every flag that `MSM_GEM_NEW` takes. */
export const MSM_BO_FLAGS: number =
  MSM_BO_SCANOUT | MSM_BO_GPU_READONLY | MSM_BO_NO_SHARE | MSM_BO_CACHE_MASK;

/** `MSM_SUBMITQUEUE_ALLOW_PREEMPT`. */
export const MSM_SUBMITQUEUE_ALLOW_PREEMPT = 0x1;
/** `MSM_SUBMITQUEUE_VM_BIND`: a queue for binds, not for submits. */
export const MSM_SUBMITQUEUE_VM_BIND = 0x2;

/** `MSM_SUBMIT_SYNCOBJ_IN`, `_OUT`: there is a list of syncobjs to wait for, to signal. */
export const MSM_SUBMIT_SYNCOBJ_IN = 0x08000000;
/** See {@link MSM_SUBMIT_SYNCOBJ_IN}. */
export const MSM_SUBMIT_SYNCOBJ_OUT = 0x04000000;
/** `MSM_SUBMIT_NO_IMPLICIT`: buffers' fences are not waited for. */
export const MSM_SUBMIT_NO_IMPLICIT = 0x80000000;
/** `MSM_SUBMIT_FENCE_FD_IN`. In VM_BIND mode turnip passes the merged out-fences of its binds. */
export const MSM_SUBMIT_FENCE_FD_IN = 0x40000000;

/** `MSM_VM_BIND_OP_DUMP`, the only flag of a bind operation: include in crash dumps. */
export const MSM_VM_BIND_OP_DUMP = 0x1;

/** `MSM_PREP_READ`. */
export const MSM_PREP_READ = 0x1;
/** `MSM_PREP_WRITE`. */
export const MSM_PREP_WRITE = 0x2;
/** `MSM_PREP_NOSYNC`: ask, do not wait. */
export const MSM_PREP_NOSYNC = 0x4;
