import { GIB1, GIB512, MIB2 } from "@gpuvm/drm-model";
import type { JobOp } from "./bind-job.ts";

/** Preallocated page-table pages in flight above which a bind waits: 4 MiB (b74fae5492d1). */
export const PREALLOC_LIMIT = 1024;

/**
 * Page-table pages that some operations need at worst (`vm_bind_prealloc_count`): one for each 512 GiB, 1 GiB and
 * 2 MiB that a run of mappings touches. Mappings that are neighbours in the list and in one lowest table are one run;
 * in another order the same mappings cost more.
 */
export function preallocCount(ops: readonly JobOp[]): number {
  let count = 0;
  let start = -1;
  let end = -1;
  for (const { kind, iova, range } of ops) {
    if (kind === "unmap") continue;
    if (start >= 0 && lowestTable(end - 1) === lowestTable(iova)) {
      end = iova + range;
      continue;
    }
    if (start >= 0) count += tables(start, end);
    start = iova;
    end = iova + range;
  }
  return start < 0 ? 0 : count + tables(start, end);
}

function lowestTable(addr: number): number {
  return Math.floor(addr / MIB2);
}

function tables(start: number, end: number): number {
  let count = 0;
  for (const span of [GIB512, GIB1, MIB2]) {
    count += Math.max(0, Math.floor((end - 1) / span) - Math.floor(start / span)) + 1;
  }
  return count;
}
