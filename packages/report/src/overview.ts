import { bytes, count, short, time } from "@gpuvm/results";
import { escapeHtml, htmlTable, slug } from "./html.ts";
import type { Entry } from "./panel.ts";

/** The figures that decide, over all traces; then one of them trace by trace. */
export function overview(entries: readonly Entry[]): string {
  return `${totals(entries)}${matrix(entries)}`;
}

function totals(entries: readonly Entry[]): string {
  const names = [...new Set(entries.map(({ name }) => name))];
  const head = [
    "policy",
    "ownership",
    "given back but alive, peak",
    "the same × time",
    "locks per submit, median trace's p50 / worst trace's p99",
    "longest wait in a close",
    "PTEs written",
    "TLB invalidations",
    "left behind",
    "hazards",
    "refused",
  ];
  const rows = names.map((name) => {
    const runs = entries.filter((entry) => entry.name === name).map(({ run }) => run);
    const sum = (of: (run: (typeof runs)[number]) => number) =>
      runs.reduce((total, run) => total + of(run), 0);
    const max = (of: (run: (typeof runs)[number]) => number) =>
      runs.reduce((most, run) => Math.max(most, of(run)), 0);
    const medians = runs.map((run) => run.submit_locks.p50).sort((a, b) => a - b);
    return [
      name,
      runs[0]?.ownership ?? "",
      bytes(max((run) => run.retained_bytes_peak)),
      `${bytes(sum((run) => run.retained_byte_seconds))}·s`,
      `${count(medians[Math.floor(medians.length / 2)] ?? 0)} / ${count(max((run) => run.submit_locks.p99))}`,
      time(max((run) => run.close_wait_ns.max)),
      short(sum((run) => run.ptes_written)),
      count(sum((run) => run.tlb_invalidations)),
      count(sum((run) => run.left_at_device_close.bos + run.left_at_device_close.vms)),
      count(sum((run) => run.hazards)),
      count(sum((run) => run.errors)),
    ];
  });
  return `<h2 id="all">All traces together</h2>${htmlTable(head, rows)}`;
}

/** Peak retention of each trace under each policy, shaded by how much it is. */
function matrix(entries: readonly Entry[]): string {
  const names = [...new Set(entries.map(({ name }) => name))];
  const traces = [...new Set(entries.map(({ run }) => run.trace))];
  const most = Math.max(1, ...entries.map(({ run }) => run.retained_bytes_peak));
  const cell = (trace: string, name: string): string => {
    const run = entries.find((entry) => entry.name === name && entry.run.trace === trace)?.run;
    if (run === undefined) return "<td></td>";
    // Logarithmic: a megabyte must be seen beside a gigabyte.
    const shade =
      run.retained_bytes_peak === 0 ? 0 : Math.log2(1 + run.retained_bytes_peak) / Math.log2(1 + most);
    const native = run.translated ? "" : ' class="native"';
    return `<td${native} style="--shade:${(shade * 55).toFixed(0)}%">${bytes(run.retained_bytes_peak)}</td>`;
  };
  const body = traces.map(
    (trace) =>
      `<tr><th scope="row"><a href="#${slug(trace)}">${escapeHtml(trimmed(trace))}</a></th>${names.map((name) => cell(trace, name)).join("")}</tr>`,
  );
  const head = ["trace", ...names].map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join("");
  return `<h2 id="retained">Given back but alive, at most</h2><p class="note">Framed: the trace was recorded on this driver's own interface. The others are translated: what a well-behaved program would have asked of this driver instead.</p><div class="wide"><table class="matrix"><thead><tr>${head}</tr></thead><tbody>${body.join("")}</tbody></table></div>`;
}

/** A trace's name without its endings. */
export function trimmed(trace: string): string {
  return trace.replace(/\.jsonl(\.gz)?$/, "");
}
