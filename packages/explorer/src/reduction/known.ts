import {
  BlockIndex,
  DmaFence,
  DmaResv,
  DrmDevice,
  DrmExec,
  DrmGpuvm,
  Ledger,
  Lockdep,
  OpsPool,
  Task,
  VaTable,
} from "@gpuvm/core";
import {
  Counts,
  GpuView,
  Kref,
  Machine,
  Memory,
  PageTable,
  PageTableCounts,
  PteMap,
  Timers,
  TlbCounts,
} from "@gpuvm/drm-model";

/** Classes whose instances no step depends on: who runs, what was counted and noted, what is scratch. */
export const OPAQUE: ReadonlySet<unknown> = new Set([
  Counts,
  PageTableCounts,
  TlbCounts,
  DrmDevice,
  DrmExec,
  Ledger,
  Lockdep,
  OpsPool,
  Task,
]);

/** Fields that only count or name, and the tables of numbers: a number is as good as another one. */
export const SKIP: ReadonlySet<string> = new Set([
  "bos",
  "bytes",
  "bytesMapped",
  "bytesMappedPeak",
  "bytesPeak",
  "counts",
  "dev",
  "freeSlots",
  "hazards",
  "machine",
  "peakMappings",
  "pending",
  "retained",
  "tables",
  "tablesPeak",
]);

const VA_LOOKS = [
  "allocated",
  "idle",
  "inserted",
  "addr",
  "range",
  "end",
  "offset",
  "owner",
  "prev",
  "next",
  "flags",
  "is",
];

/** What the methods of a class do to its private fields, and to others that nobody else is to touch. */
export interface Inside {
  /** Methods and getters that only look, the others change; null: all only look. */
  readonly looks: ReadonlySet<string> | null;
  /** The first argument is the number of a row, and a row is a place. */
  readonly rows: boolean;
  /** What they do within is not to be noted: it is all said by the call. */
  readonly closed: boolean;
}

function inside(looks: readonly string[] | null, more: Partial<Inside> = {}): Inside {
  return { looks: looks === null ? null : new Set(looks), rows: false, closed: false, ...more };
}

/** What is known of classes with private fields; null: these never change, or only count. */
export const INSIDES: ReadonlyMap<unknown, Inside | null> = new Map<unknown, Inside | null>([
  [DrmGpuvm, null],
  [Kref, null],
  [Machine, null],
  [Memory, null],
  [GpuView, null],
  [PageTable, null],
  // The half of the index that only looks is its base class.
  [Object.getPrototypeOf(BlockIndex), inside(null, { closed: true })],
  [BlockIndex, inside(["check"], { closed: true })],
  [DmaFence, inside([])],
  [DmaResv, inside(["busy", "pending", "visible"])],
  [PteMap, inside(["size", "runs", "firstEndingAfter", "firstIn", "at"])],
  [Timers, inside(["size", "next"])],
  [VaTable, inside(VA_LOOKS, { rows: true, closed: true })],
]);
