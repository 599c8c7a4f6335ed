/** VM flag: the extobj and evict lists are protected by the VM's dma_resv (`DRM_GPUVM_RESV_PROTECTED`). */
export const DRM_GPUVM_RESV_PROTECTED: number = 1 << 0;
/** VM flag: the tree changes in the fence-signalling path; lists under `gem.gpuva.lock` (`DRM_GPUVM_IMMEDIATE_MODE`, 6.18). */
export const DRM_GPUVM_IMMEDIATE_MODE: number = 1 << 1;
/** First VM flag that a driver may use (`DRM_GPUVM_USERBITS`). */
export const DRM_GPUVM_USERBITS: number = 1 << 2;

/** VA flag: the driver invalidated the page-table entries (`DRM_GPUVA_INVALIDATED`). The core never reads it. */
export const DRM_GPUVA_INVALIDATED: number = 1 << 0;
/** VA flag: a sparse mapping (`DRM_GPUVA_SPARSE`). The core never reads or writes it. */
export const DRM_GPUVA_SPARSE: number = 1 << 1;
/** First VA flag that a driver may use (`DRM_GPUVA_USERBITS`); up to bit 23. */
export const DRM_GPUVA_USERBITS: number = 1 << 2;

/** drm_exec: an interruptible sleep may return `-EINTR` (`DRM_EXEC_INTERRUPTIBLE_WAIT`). */
export const DRM_EXEC_INTERRUPTIBLE_WAIT: number = 1 << 0;
/** drm_exec: locking a dma_resv twice is no error (`DRM_EXEC_IGNORE_DUPLICATES`). */
export const DRM_EXEC_IGNORE_DUPLICATES: number = 1 << 1;
