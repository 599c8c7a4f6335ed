import type { RingJob } from "../gpu/ring-job.ts";
import type { MsmGemVm } from "../vma/vm.ts";

/** Why VMAs are unmapped, as the VM's log has it; kept in the object's history. */
export type UnmapReason = "close" | "vma_put" | "evict" | "purge" | "free" | "retire" | "unmap";

/** What somebody who looks on is told, in order: calls that change nothing of what the driver does. */
export interface MsmLog {
  /** Entries are written (`vm_map_op`). */
  map(vm: MsmGemVm, iova: number, range: number): void;
  /** Entries are cleared (`vm_unmap_op`). */
  unmap(vm: MsmGemVm, iova: number, range: number, reason: UnmapReason): void;
  /** io-pgtable clears entries of one size, and how many (`unmap_pages`). */
  unmapPages(iova: number, pgsize: number, count: number): void;
  /** A TLB is told: what the driver calls for it, and then the SMMU's driver. */
  tlb(...calls: readonly string[]): void;
  /** A bind took pages for tables (`prealloc_count`), or gives back what it did not use (`prealloc_cleanup`). */
  prealloc(count: number): void;
  /** See {@link MsmLog.prealloc}. */
  preallocCleanup(count: number, used: number): void;
  /** The ring begins a submit with its commands, or without (`msm_gpu_submit`), or has done it. */
  gpu(what: "run" | "done", job: RingJob): void;
}
