import { bytes, count, short, time } from "../format/units.ts";
import type { Column } from "./comparison.ts";
import type { RunResult } from "./results.ts";

/** One line of the comparison. */
export interface Row {
  /** What it says, with its unit. */
  readonly label: string;
  /** The cell of a column. */
  readonly cell: (column: Column) => string;
}

const sum = (column: Column, of: (run: RunResult) => number) =>
  column.runs.reduce((total, run) => total + of(run), 0);
const most = (column: Column, of: (run: RunResult) => number) => Math.max(0, ...column.runs.map(of));

/** The rows that decide. */
export const ROWS: readonly Row[] = [
  { label: "traces", cell: (c) => count(c.runs.length) },
  {
    label: "maps / unmaps / remaps",
    cell: (c) =>
      [sum(c, (r) => r.maps), sum(c, (r) => r.unmaps), sum(c, (r) => r.remaps)].map(short).join(" / "),
  },
  { label: "taken away by teardown", cell: (c) => count(sum(c, (r) => r.teardown_unmaps)) },
  { label: "page-table entries written", cell: (c) => short(sum(c, (r) => r.ptes_written)) },
  { label: "TLB invalidations", cell: (c) => count(sum(c, (r) => r.tlb_invalidations)) },
  { label: "retained after last handle, peak", cell: (c) => bytes(most(c, (r) => r.retained_bytes_peak)) },
  { label: "  the same over time", cell: (c) => byteSeconds(sum(c, (r) => r.retained_byte_seconds)) },
  { label: "locks per submit p50 / p99", cell: (c) => `${c.submitLocks.p50} / ${c.submitLocks.p99}` },
  {
    label: "handle close waits p99 / max",
    cell: (c) => `${time(c.closeWaitNs.p99)} / ${time(c.closeWaitNs.max)}`,
  },
  {
    label: "left at device close: BOs / VMs",
    cell: (c) =>
      `${sum(c, (r) => r.left_at_device_close.bos)} / ${sum(c, (r) => r.left_at_device_close.vms)}`,
  },
  {
    label: "hazards / refused requests",
    cell: (c) => `${sum(c, (r) => r.hazards)} / ${count(sum(c, (r) => r.errors))}`,
  },
  { label: "replay speed, events/s (slowest..)", cell: speed },
];

function byteSeconds(n: number): string {
  return n === 0 ? "0" : `${bytes(n)}·s`;
}

/** Median over the traces, with the slowest and the fastest: each trace was timed once. */
function speed(column: Column): string {
  const all = column.runs.map((r) => r.timing.events_per_second).sort((a, b) => a - b);
  if (all.length === 0) return "";
  return `${short(all[0] as number)}..${short(all[all.length - 1] as number)}`;
}
