import type { Column } from "./comparison.ts";
import { relativeText } from "./relative.ts";
import type { RunResult } from "./results.ts";
import { bytes, count, short, time } from "./units.ts";

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

/** The rows that decide. Sums over the traces, unless the label says peak. */
export const ROWS: readonly Row[] = [
  { label: "traces replayed", cell: (c) => count(c.runs.length) },
  { label: "maps", cell: (c) => count(sum(c, (r) => r.maps)) },
  { label: "unmaps", cell: (c) => count(sum(c, (r) => r.unmaps)) },
  { label: "remaps", cell: (c) => count(sum(c, (r) => r.remaps)) },
  { label: "unmapped by teardown", cell: (c) => count(sum(c, (r) => r.teardown_unmaps)) },
  { label: "page-table entries set", cell: (c) => short(sum(c, (r) => r.ptes_written)) },
  { label: "  cleared one by one", cell: (c) => short(sum(c, (r) => r.ptes_cleared)) },
  { label: "bytes of page tables, peak", cell: (c) => bytes(most(c, (r) => r.table_bytes_peak)) },
  { label: "TLB invalidations", cell: (c) => count(sum(c, (r) => r.tlb_invalidations)) },
  { label: "retained after last handle, peak", cell: (c) => bytes(most(c, (r) => r.retained_bytes_peak)) },
  {
    label: "  peak while the program exits",
    cell: (c) => bytes(most(c, (r) => r.retained_bytes_peak_at_exit)),
  },
  { label: "  bytes times seconds", cell: (c) => byteSeconds(sum(c, (r) => r.retained_byte_seconds)) },
  {
    label: "locks per submit, p50 / p99",
    cell: (c) => `${count(c.submitLocks.p50)} / ${count(c.submitLocks.p99)}`,
  },
  {
    label: "handle closes that wait, of all",
    cell: (c) => `${count(c.closeWaitNs.positive)} / ${count(c.closeWaitNs.n)}`,
  },
  { label: "  p99 of all", cell: (c) => time(c.closeWaitNs.p99) },
  { label: "  longest", cell: (c) => time(c.closeWaitNs.max) },
  {
    label: "left at device close, BOs / VMs",
    cell: (c) =>
      `${sum(c, (r) => r.left_at_device_close.bos)} / ${sum(c, (r) => r.left_at_device_close.vms)}`,
  },
  {
    label: "hazards / requests refused",
    cell: (c) => `${count(sum(c, (r) => r.hazards))} / ${count(sum(c, (r) => r.errors))}`,
  },
  { label: "replay, events/s (not the driver's)", cell: speed },
];

/** The row that a reference adds. */
export function relativeRow(reference: string): Row {
  return { label: `time, relative to ${reference}`, cell: (c) => relativeText(c.relative) };
}

function byteSeconds(n: number): string {
  return n === 0 ? "0" : `${bytes(n)}·s`;
}

/** Over all traces, at the median of each one's samples. */
function speed(column: Column): string {
  return short((sum(column, (r) => r.events) / sum(column, (r) => r.timing.replay_ms)) * 1000);
}
