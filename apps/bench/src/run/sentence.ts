import { bytes, time } from "../format/units.ts";
import { subjectName } from "../policies.ts";
import type { Comparison } from "./comparison.ts";
import type { RunResult } from "./results.ts";

/** What the comparison shows, in one sentence, from its figures alone. */
export function sentence(comparison: Comparison): string {
  const { runs } = comparison;
  const left = group(runs, (run) => run.left_at_device_close.bos + run.left_at_device_close.vms);
  const hazards = group(runs, (run) => run.hazards);
  const bad = [...left.keys(), ...hazards.keys()];
  if (bad.length > 0) {
    const parts = [...new Set(bad)].map((name) => {
      const what: string[] = [];
      if (left.has(name)) what.push(`leaves ${left.get(name)} objects behind`);
      if (hazards.has(name)) what.push(`runs into ${hazards.get(name)} hazards`);
      return `${name} ${what.join(" and ")}`;
    });
    return `Under this traffic ${parts.join("; ")}.`;
  }
  const retained = comparison.columns(false).concat(comparison.columns(true));
  const by = new Map<string, { peak: number; wait: number }>();
  for (const column of retained) {
    const name = subjectName(column.subject);
    const had = by.get(name) ?? { peak: 0, wait: 0 };
    const peak = Math.max(had.peak, ...column.runs.map((run) => run.retained_bytes_peak));
    by.set(name, { peak, wait: Math.max(had.wait, column.closeWaitNs.max) });
  }
  const list = [...by].sort((a, b) => a[1].peak - b[1].peak);
  const least = list[0];
  const greatest = list.at(-1);
  if (least === undefined || greatest === undefined) return "Nothing was replayed.";
  const waits = list
    .filter(([, v]) => v.wait > 0)
    .map(([name, v]) => `${name} makes a close wait up to ${time(v.wait)}`);
  const costs =
    least[0] === greatest[0] || least[1].peak === greatest[1].peak
      ? `${greatest[0]} retains at most ${bytes(greatest[1].peak)} after the last handle`
      : `retention after the last handle ranges from ${bytes(least[1].peak)} (${least[0]}) to ${bytes(greatest[1].peak)} (${greatest[0]})`;
  const tail = waits.length === 0 ? "and no handle close waits" : `and ${waits.join(", ")}`;
  return `Well-behaved programs leave nothing behind under any of these policies; ${costs}, ${tail}.`;
}

function group(runs: readonly RunResult[], of: (run: RunResult) => number): Map<string, number> {
  const out = new Map<string, number>();
  for (const run of runs) {
    const n = of(run);
    if (n > 0) out.set(run.subject, (out.get(run.subject) ?? 0) + n);
  }
  return out;
}
