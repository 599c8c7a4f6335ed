import * as v from "valibot";
import type { Results, RunResult } from "../results.ts";
import { amount, atLeastOne, count, flag, list, object, text } from "./fields.ts";
import { portrait } from "./portrait-schema.ts";

const distribution = object({
  n: count,
  positive: count,
  sum: amount,
  p50: amount,
  p90: amount,
  p99: amount,
  max: amount,
});

const left = object({ bos: count, bytes: count, vms: count, vmBos: count, vas: count });

const steps = object({ map: count, unmap: count, remap: count });

const vm = object({
  file: text,
  vm: text,
  purpose: text,
  coreSteps: steps,
  remapPieces: object({ prev: count, next: count }),
  keep: count,
  peakMappings: count,
  finalMappings: count,
  teardownSteps: steps,
  mapped_bytes_peak: count,
  table_pages_peak: count,
});

const timing = object({
  samples_ms: v.pipe(v.array(amount, "is not a list"), v.minLength(1, "has no sample")),
  replay_ms: amount,
  ci95_ms: v.nullable(v.strictTuple([amount, amount], "is neither null nor a pair of numbers")),
  events_per_second: amount,
  warnings: list(text),
});

/** {@link RunResult} */
export const run: v.GenericSchema<unknown, RunResult> = object({
  trace: text,
  driver: text,
  program: text,
  policy: text,
  variant: text,
  ownership: text,
  subject: text,
  translated: flag,
  events: count,
  requests: count,
  errors: count,
  maps: count,
  unmaps: count,
  remaps: count,
  teardown_unmaps: count,
  ptes_written: count,
  ptes_cleared: count,
  table_entries_written: count,
  table_pages_allocated: count,
  table_bytes_peak: count,
  tlb_invalidations: count,
  tlb: object({ map: count, unmap: count, table: count, submit: count, close: count }),
  vas_created: count,
  vm_bos_created: count,
  peak_mappings: count,
  final_mappings: count,
  mapped_bytes_peak: count,
  allocated_bytes_peak: count,
  retained_bytes_peak: count,
  retained_bytes_peak_at_exit: count,
  retained_byte_seconds: count,
  submit_locks: distribution,
  submit_objects: distribution,
  submit_waits: distribution,
  close_locks: distribution,
  close_wait_ns: distribution,
  file_close_wait_ns: distribution,
  left_at_file_close: left,
  left_at_device_close: left,
  hazards: count,
  first_hazards: list(object({ kind: text, object: text, detail: text, at_ns: amount })),
  vms: list(vm),
  timing,
  portrait: v.exactOptional(portrait),
});

/** How a run was made: `Results.options`. */
export const options: v.GenericSchema<unknown, Results["options"]> = object({
  audit: flag,
  lockdep: flag,
  repeat: atLeastOne,
  samples: atLeastOne,
  contiguity: v.exactOptional(v.union([count, v.literal("whole")], 'is neither a number nor "whole"')),
  vram: v.exactOptional(count),
  memory: v.exactOptional(count),
  gart: v.exactOptional(count),
  seed: v.exactOptional(amount),
  shard: v.exactOptional(text),
  filter: v.exactOptional(text),
  workers: v.exactOptional(atLeastOne),
});
