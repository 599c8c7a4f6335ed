import type { DistributionSummary, Results, RunResult } from "../src/results.ts";
import { timing } from "../src/timing.ts";

const NONE: DistributionSummary = { n: 0, positive: 0, sum: 0, p50: 0, p90: 0, p99: 0, max: 0 };
const NOTHING = { bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 };

/** A result of one replay, with what a test says of it. */
export function runOf(changes: Partial<RunResult> = {}, samplesMs: readonly number[] = [10]): RunResult {
  return {
    trace: "t.jsonl.gz",
    driver: "msm",
    program: "p",
    policy: "msm",
    variant: "soft",
    ownership: "soft",
    subject: "msm:soft",
    translated: false,
    events: 1000,
    requests: 1000,
    errors: 0,
    maps: 10,
    unmaps: 10,
    remaps: 0,
    teardown_unmaps: 0,
    ptes_written: 100,
    ptes_cleared: 50,
    table_entries_written: 3,
    table_bytes_peak: 12288,
    table_pages_allocated: 3,
    tlb_invalidations: 10,
    tlb: { map: 0, unmap: 10, table: 0, submit: 0, close: 0 },
    vas_created: 10,
    vm_bos_created: 10,
    peak_mappings: 10,
    final_mappings: 0,
    mapped_bytes_peak: 4096,
    allocated_bytes_peak: 4096,
    retained_bytes_peak: 0,
    retained_bytes_peak_at_exit: 0,
    retained_byte_seconds: 0,
    submit_locks: NONE,
    submit_objects: NONE,
    submit_waits: NONE,
    close_locks: NONE,
    close_wait_ns: NONE,
    file_close_wait_ns: NONE,
    left_at_file_close: NOTHING,
    left_at_device_close: NOTHING,
    hazards: 0,
    first_hazards: [],
    vms: [],
    timing: timing(samplesMs, 1000),
    ...changes,
  };
}

/** A result file of these runs. */
export function resultsFile(...runs: RunResult[]): Results {
  return {
    format: "gpuvm-bench-results",
    version: 1,
    machine: { cpu: "test", cores: 1, node: "v0", platform: "test" },
    options: { audit: false, lockdep: false, repeat: 1, samples: 1 },
    runs,
  };
}
