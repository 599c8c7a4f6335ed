import { visibleLine } from "@gpuvm/drm-model";
import type { DistributionSummary, RunResult } from "@gpuvm/results";
import { bytes, count, short, time } from "@gpuvm/results/units";
import { csv, markdownCell } from "@gpuvm/trace";
import { markdownTable, sideBySide } from "./table.ts";
import { folded } from "./wrapped.ts";

const FIGURES: readonly (readonly [label: string, cell: (run: RunResult) => string])[] = [
  ["replayed", (r) => (r.translated ? "translated" : "native")],
  ["requests / refused", (r) => `${count(r.requests)} / ${count(r.errors)}`],
  ["maps / unmaps / remaps", (r) => [r.maps, r.unmaps, r.remaps].map(count).join(" / ")],
  ["unmapped by teardown", (r) => count(r.teardown_unmaps)],
  ["mappings peak / at the end", (r) => `${count(r.peak_mappings)} / ${count(r.final_mappings)}`],
  ["VAs / vm_bos made", (r) => `${count(r.vas_created)} / ${count(r.vm_bos_created)}`],
  ["page-table entries set / cleared", (r) => `${count(r.ptes_written)} / ${count(r.ptes_cleared)}`],
  ["entries that lead to tables", (r) => count(r.table_entries_written)],
  ["table pages allocated", (r) => count(r.table_pages_allocated)],
  ["bytes of page tables, peak", (r) => bytes(r.table_bytes_peak)],
  ["TLB invalidations", (r) => count(r.tlb_invalidations)],
  ["  at map / unmap / table / submit / close", (r) => tlb(r.tlb)],
  ["bytes allocated peak", (r) => bytes(r.allocated_bytes_peak)],
  ["bytes mapped peak", (r) => bytes(r.mapped_bytes_peak)],
  ["retained after last handle, peak", (r) => bytes(r.retained_bytes_peak)],
  ["retained, byte-seconds", (r) => short(r.retained_byte_seconds)],
  ["locks per submit p50/p90/p99/max", (r) => spread(r.submit_locks)],
  ["objects per submit p50/p90/p99/max", (r) => spread(r.submit_objects)],
  ["waits per submit p50/p90/p99/max", (r) => spread(r.submit_waits)],
  ["locks per close p50/p90/p99/max", (r) => spread(r.close_locks)],
  ["closes of a handle", (r) => count(r.close_wait_ns.n)],
  ["wait in close p50/p90/p99/max", (r) => spread(r.close_wait_ns, time)],
  ["wait in file close, max", (r) => time(r.file_close_wait_ns.max)],
  ["left at file close: BOs / VMs", (r) => `${r.left_at_file_close.bos} / ${r.left_at_file_close.vms}`],
  ["left at device close: BOs / VMs", (r) => `${r.left_at_device_close.bos} / ${r.left_at_device_close.vms}`],
  ["hazards", (r) => count(r.hazards)],
  ["events replayed per second (once)", (r) => short(r.timing.events_per_second)],
];

function tlb({ map, unmap, table, submit, close }: RunResult["tlb"]): string {
  return [map, unmap, table, submit, close].map(count).join(" / ");
}

function spread(d: DistributionSummary, unit: (n: number) => string = count): string {
  return d.n === 0 ? "none" : [d.p50, d.p90, d.p99, d.max].map(unit).join(" / ");
}

function byTrace(runs: readonly RunResult[]): Map<string, RunResult[]> {
  const out = new Map<string, RunResult[]>();
  for (const run of runs) out.set(run.trace, [...(out.get(run.trace) ?? []), run]);
  return out;
}

function hazardLines(runs: readonly RunResult[]): string[] {
  return runs.flatMap((run) =>
    run.first_hazards.slice(0, 3).map((h) => `  ${run.subject}: ${h.kind}: ${h.detail}`),
  );
}

/** A table for each trace, with every figure; on a terminal of `width` columns in as many parts as it takes. */
export function detailsText(runs: readonly RunResult[], markdown: boolean, width = 100): string {
  const parts = [...byTrace(runs)].map(([trace, list]) => {
    const head = ["", ...list.map((run) => run.subject)];
    const rows = FIGURES.map(([label, cell]) => [label, ...list.map(cell)]);
    const shown = markdown ? markdownCell : visibleLine;
    const title = `${markdown ? "### " : ""}${shown(`${trace} (${list[0]?.driver}: ${list[0]?.program})`)}`;
    const hazards = hazardLines(list).map((line) => (markdown ? shown(line) : folded(shown(line), width)));
    const tables = markdown ? [markdownTable(head, rows)] : sideBySide(head, rows, width);
    return [title, tables.join("\n\n"), ...hazards].join(markdown ? "\n\n" : "\n");
  });
  return `${parts.join("\n\n")}\n`;
}

/** One line for each replay: everything that is a number, or a name. */
export function runsCsv(runs: readonly RunResult[]): string {
  const flat = runs.map(flatten);
  const head = Object.keys(flat[0] ?? {});
  return csv({ columns: head, rows: flat.map((row) => head.map((key) => row[key] ?? "")) });
}

function flatten(run: RunResult): Record<string, string | number> {
  const out: Record<string, string | number> = {};
  const walk = (prefix: string, value: unknown) => {
    if (Array.isArray(value)) return;
    if (typeof value === "object" && value !== null) {
      for (const [key, inner] of Object.entries(value)) walk(prefix === "" ? key : `${prefix}_${key}`, inner);
    } else if (typeof value === "number" || typeof value === "string") out[prefix] = value;
    else if (typeof value === "boolean") out[prefix] = String(value);
  };
  walk("", run);
  return out;
}
