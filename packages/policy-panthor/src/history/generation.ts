/** What sets the generations of the driver apart. */
export interface Generation {
  /** Tree and links change in the job, under the objects' gpuva locks; vm_bos die later (6.19: `drm_gpuva_unlink_defer`). */
  readonly immediate: boolean;
  /** What keeps an object's pages in memory: the operation on it, or the vm_bo as long as it lives. */
  readonly pinnedBy: "op" | "vm_bo";
  /** Pages can be taken by the shrinker, and come back at the next submit. */
  readonly evictable: boolean;
  /** MAP knows the SPARSE flag. */
  readonly sparse: boolean;
  /** Accesses to a range stall while its mappings change; before, the TLB was flushed after each change. */
  readonly regionLock: boolean;
  /**
   * What happens to a 2 MiB entry of which a part is unmapped: the page-table code splits it (`split`), it refuses
   * (`fail`), or the driver unmaps all of it and maps the slivers again (`widen`).
   */
  readonly blocks: "split" | "fail" | "widen";
  /** A failing page-table map makes the VM unusable in synchronous operations, too. */
  readonly strict: boolean;
}
