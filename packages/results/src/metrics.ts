import type { RunResult } from "./results.ts";

/** A figure that two result files are compared by. */
export interface Metric {
  /** Its key, with the unit last. */
  readonly name: string;
  /** Its value. */
  readonly of: (run: RunResult) => number;
  /** Whether more is worse; null: a change is neither good nor bad. */
  readonly moreIsWorse: boolean | null;
}

/** What is counted: exact, so any difference is one. */
export const COUNTED: readonly Metric[] = [
  { name: "maps", of: (r) => r.maps, moreIsWorse: null },
  { name: "unmaps", of: (r) => r.unmaps, moreIsWorse: null },
  { name: "remaps", of: (r) => r.remaps, moreIsWorse: null },
  { name: "ptes_written", of: (r) => r.ptes_written, moreIsWorse: true },
  { name: "ptes_cleared", of: (r) => r.ptes_cleared, moreIsWorse: true },
  { name: "table_bytes_peak", of: (r) => r.table_bytes_peak, moreIsWorse: true },
  { name: "table_pages_allocated", of: (r) => r.table_pages_allocated, moreIsWorse: true },
  { name: "tlb_invalidations", of: (r) => r.tlb_invalidations, moreIsWorse: true },
  { name: "allocated_bytes_peak", of: (r) => r.allocated_bytes_peak, moreIsWorse: true },
  { name: "retained_bytes_peak", of: (r) => r.retained_bytes_peak, moreIsWorse: true },
  { name: "retained_byte_seconds", of: (r) => r.retained_byte_seconds, moreIsWorse: true },
  { name: "submit_locks_p50", of: (r) => r.submit_locks.p50, moreIsWorse: true },
  { name: "submit_locks_p99", of: (r) => r.submit_locks.p99, moreIsWorse: true },
  { name: "close_wait_ns_p99", of: (r) => r.close_wait_ns.p99, moreIsWorse: true },
  { name: "close_wait_ns_max", of: (r) => r.close_wait_ns.max, moreIsWorse: true },
  { name: "left_bos", of: (r) => r.left_at_device_close.bos, moreIsWorse: true },
  { name: "left_vms", of: (r) => r.left_at_device_close.vms, moreIsWorse: true },
  { name: "hazards", of: (r) => r.hazards, moreIsWorse: true },
  { name: "errors", of: (r) => r.errors, moreIsWorse: true },
];
