import { GIB1, GIB512, MIB2 } from "@gpuvm/drm-model";
import type { JobOp } from "./bind-job.ts";

/** Preallocated page-table pages in flight above which a bind waits: 4 MiB (b74fae5492d1). */
export const PREALLOC_LIMIT = 1024;

/**
 * Page-table pages that some operations need at worst (`vm_bind_prealloc_count`): one for each 512 GiB, 1 GiB and
 * 2 MiB that a run of mappings touches. A mapping that begins in the 2 MiB in which the one before it in the list ends
 * continues the run; in another order the same mappings cost more.
 */
export function preallocCount(ops: readonly JobOp[]): number {
  let count = 0;
  let first: JobOp | null = null;
  let last: JobOp | null = null;
  for (const op of ops) {
    if (op.kind === "unmap") continue;
    if (last !== null && opsAreSamePte(last, op)) {
      last = op;
      continue;
    }
    count += tables(first, last);
    first = op;
    last = op;
  }
  return count + tables(first, last);
}

/** `ops_are_same_pte`: the end is the address behind the last byte. */
function opsAreSamePte(before: JobOp, next: JobOp): boolean {
  return Math.floor((before.iova + before.range) / MIB2) === Math.floor(next.iova / MIB2);
}

/** `prealloc_count`, `msm_iommu_pagetable_prealloc_count`. */
function tables(first: JobOp | null, last: JobOp | null): number {
  if (first === null || last === null) return 0;
  const end = last.iova + last.range;
  let count = 0;
  for (const span of [GIB512, GIB1, MIB2]) count += Math.ceil(end / span) - Math.floor(first.iova / span);
  return count;
}
