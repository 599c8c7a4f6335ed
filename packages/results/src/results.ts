import { subjectName } from "@gpuvm/drivers";
import type { Distribution, LeftBehind, StepCounts, TlbCause, TlbCounts, VmRecord } from "@gpuvm/drm-model";
import type { Portrait } from "./portrait/portrait.ts";
import type { Replayed } from "./replay-one.ts";
import { type Timing, timing } from "./timing.ts";

/** A distribution in a result file. */
export interface DistributionSummary {
  readonly n: number;
  /** How many values are greater than 0. */
  readonly positive: number;
  readonly sum: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** One VM of one replay. */
export interface VmResult {
  /** `f0`: the DRM file. */
  readonly file: string;
  /** `vm2`, or `vmNone` where a file has only one. */
  readonly vm: string;
  /** `program`, or what the kernel uses it for. */
  readonly purpose: string;
  /** The core's answers to the program's requests. */
  readonly coreSteps: StepCounts;
  /** Pieces that remaps left. */
  readonly remapPieces: { readonly prev: number; readonly next: number };
  /** Steps with the keep hint. */
  readonly keep: number;
  /** Most mappings at once. */
  readonly peakMappings: number;
  /** Mappings when the program ended, before any teardown. */
  readonly finalMappings: number;
  /** What the driver's teardown took away. */
  readonly teardownSteps: StepCounts;
  /** Most bytes mapped at once. */
  readonly mapped_bytes_peak: number;
  /** Most page-table pages at once. */
  readonly table_pages_peak: number;
}

/** One replay, in a result file. Counts are exact; only `timing` depends on the machine it ran on. */
export interface RunResult {
  readonly trace: string;
  readonly driver: string;
  readonly program: string;
  readonly policy: string;
  readonly variant: string;
  readonly ownership: string;
  /** `driver:variant`, with `+ownership` where that is not its own: the column's name. */
  readonly subject: string;
  /** False: the requests were recorded on this driver's interface. True: translated through the neutral form. */
  readonly translated: boolean;
  readonly events: number;
  readonly requests: number;
  readonly errors: number;
  readonly maps: number;
  readonly unmaps: number;
  readonly remaps: number;
  readonly teardown_unmaps: number;
  /** Leaf entries that were set. */
  readonly ptes_written: number;
  /** Leaf entries that were cleared one by one; those that went with their table are not among them. */
  readonly ptes_cleared: number;
  /** Entries that lead to a table and were set, or cleared. */
  readonly table_entries_written: number;
  readonly table_pages_allocated: number;
  /** Most bytes of page tables at once, over all VMs of the machine. */
  readonly table_bytes_peak: number;
  /** All of `tlb`. */
  readonly tlb_invalidations: number;
  /** TLB invalidations by what caused them. */
  readonly tlb: Readonly<Record<TlbCause, number>>;
  readonly vas_created: number;
  readonly vm_bos_created: number;
  readonly peak_mappings: number;
  readonly final_mappings: number;
  readonly mapped_bytes_peak: number;
  readonly allocated_bytes_peak: number;
  /** While the program ran. */
  readonly retained_bytes_peak: number;
  /** While its end was under way. */
  readonly retained_bytes_peak_at_exit: number;
  readonly retained_byte_seconds: number;
  readonly submit_locks: DistributionSummary;
  readonly submit_objects: DistributionSummary;
  readonly submit_waits: DistributionSummary;
  readonly close_locks: DistributionSummary;
  readonly close_wait_ns: DistributionSummary;
  readonly file_close_wait_ns: DistributionSummary;
  readonly left_at_file_close: LeftBehind;
  readonly left_at_device_close: LeftBehind;
  readonly hazards: number;
  /** The first hazards, with the history of their object. */
  readonly first_hazards: readonly { kind: string; object: string; detail: string; at_ns: number }[];
  readonly vms: readonly VmResult[];
  readonly timing: Timing;
  /** For the report; absent where nobody wanted one. */
  readonly portrait?: Portrait;
}

/** A replay that could not be made. */
export interface Refusal {
  readonly trace: string;
  readonly subject: string;
  /** What the trace has more of than the subject can hold. */
  readonly why: string;
}

/** A result file. */
export interface Results {
  readonly format: "gpuvm-bench-results";
  readonly version: 1;
  /** What it ran on. */
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly node: string;
    readonly platform: string;
  };
  readonly options: {
    readonly audit: boolean;
    readonly lockdep: boolean;
    readonly repeat: number;
    readonly samples: number;
    /** How the memory of buffers lay where the trace did not say: bytes of each contiguous piece; absent: as with each driver. */
    readonly contiguity?: number | "whole";
    /** Memory of the device's own, in bytes; absent: as with each driver. */
    readonly vram?: number;
    /** Memory of the host's that buffers may have, in bytes; absent: as much as they want. */
    readonly memory?: number;
    /** Memory of the host's that the GPU reached at a time, in bytes; absent: all. */
    readonly gart?: number;
    /** Of the workloads that were generated. */
    readonly seed?: number;
    /** `1/4`: only every fourth replay is in the file. */
    readonly shard?: string;
    /** The replays that were chosen. */
    readonly filter?: string;
    /** Replays that were made at a time, which says how far their times can be relied on; absent: one. */
    readonly workers?: number;
  };
  /** Of a part that `--shard` made: all replays of the run, `TRACE on SUBJECT`, in its order. */
  readonly whole?: readonly string[];
  /** What it was made with. */
  readonly versions?: Readonly<Record<string, string>>;
  /** It was interrupted: the runs are those that were finished. */
  readonly partial?: true;
  /** Why the traces were not replayed as a whole, such as events that were lost; absent: they were. */
  readonly incomplete?: readonly string[];
  /** Replays that are not among the runs, as a subject could not hold the trace; absent: there are none. */
  readonly refusals?: readonly Refusal[];
  readonly runs: readonly RunResult[];
}

const HAZARDS_KEPT = 20;

/** What a finished replay comes to. */
export function runResult(replayed: Replayed): RunResult {
  const { subject, source, replay, events, ms, portrait } = replayed;
  const { machine } = replay;
  const { counts, memory } = machine;
  const vms = machine.vms.filter(
    (record) => record.file >= 0 || record.mappings > 0 || record.peakMappings > 0,
  );
  const over = (of: (record: VmRecord) => number) =>
    machine.vms.reduce((total, record) => total + of(record), 0);
  const { steps, teardown } = machine.forgotten;
  const none: LeftBehind = { bos: 0, bytes: 0, vms: 0, vmBos: 0, vas: 0 };
  return {
    trace: source.name,
    driver: source.header.driver,
    program: source.header.program ?? "",
    policy: subject.driver.name,
    variant: subject.variantName,
    ownership: subject.boOwnership,
    subject: subjectName(subject),
    translated: replayed.translated,
    events,
    requests: counts.requests,
    errors: counts.errors,
    maps: steps.map + over((record) => record.steps.map),
    unmaps: steps.unmap + over((record) => record.steps.unmap),
    remaps: steps.remap + over((record) => record.steps.remap),
    teardown_unmaps: teardown.unmap + over((record) => record.teardown.unmap),
    ptes_written: counts.ptesWritten,
    ptes_cleared: counts.ptesCleared,
    table_entries_written: counts.tableEntriesWritten + counts.tableEntriesCleared,
    table_pages_allocated: counts.tablePagesAllocated,
    table_bytes_peak: counts.tableBytesPeak,
    tlb_invalidations: counts.tlbInvalidations,
    tlb: tlbOf(counts.tlb),
    vas_created: counts.vasCreated,
    vm_bos_created: counts.vmBosCreated,
    peak_mappings: over((record) => record.peakMappings),
    final_mappings: over((record) => record.finalMappings ?? 0),
    mapped_bytes_peak: over((record) => record.bytesMappedPeak),
    allocated_bytes_peak: memory.bytesPeak,
    retained_bytes_peak: memory.retainedPeak,
    retained_bytes_peak_at_exit: memory.retainedPeakAtExit,
    retained_byte_seconds: Math.round(memory.retainedByteSeconds),
    submit_locks: summary(counts.submitLocks),
    submit_objects: summary(counts.submitObjects),
    submit_waits: summary(counts.submitWaits),
    close_locks: summary(counts.closeLocks),
    close_wait_ns: summary(counts.closeWaitNs),
    file_close_wait_ns: summary(counts.fileCloseWaitNs),
    left_at_file_close: replay.leftAtFileClose ?? none,
    left_at_device_close: replay.leftAtDeviceClose ?? none,
    hazards: machine.hazards.length,
    first_hazards: machine.hazards
      .slice(0, HAZARDS_KEPT)
      .map(({ kind, object, detail, at }) => ({ kind, object, detail, at_ns: at })),
    vms: vms.map(vmResult),
    timing: timing([ms], events),
    ...(portrait === undefined ? {} : { portrait }),
  };
}

function tlbOf({ map, unmap, table, submit, close }: TlbCounts): RunResult["tlb"] {
  return { map, unmap, table, submit, close };
}

/** A result file of these runs, made with and on what `made` says. */
export function resultsOf(
  runs: readonly RunResult[],
  options: Results["options"],
  made: Pick<Results, "machine" | "versions">,
): Results {
  const { machine, versions } = made;
  const known = versions === undefined ? {} : { versions };
  return { format: "gpuvm-bench-results", version: 1, machine, options, ...known, runs };
}

function vmResult(record: VmRecord): VmResult {
  return {
    file: `f${record.file}`,
    vm: `vm${record.id ?? "None"}`,
    purpose: record.purpose,
    coreSteps: { ...record.steps },
    remapPieces: { prev: record.prevPieces, next: record.nextPieces },
    keep: record.kept,
    peakMappings: record.peakMappings,
    finalMappings: record.finalMappings ?? 0,
    teardownSteps: { ...record.teardown },
    mapped_bytes_peak: record.bytesMappedPeak,
    table_pages_peak: record.pt.tablesPeak,
  };
}

/** The figures of a distribution. */
export function summary(d: Distribution): DistributionSummary {
  return {
    n: d.n,
    positive: d.positive,
    sum: d.sum,
    p50: d.percentile(0.5),
    p90: d.percentile(0.9),
    p99: d.percentile(0.99),
    max: d.max,
  };
}
