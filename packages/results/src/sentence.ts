import { subjectName } from "@gpuvm/drivers";
import type { Comparison } from "./comparison.ts";
import type { Results, RunResult } from "./results.ts";
import { bytes, time } from "./units.ts";

/** What one subject showed over all its traces. */
interface Showing {
  readonly name: string;
  readonly retained: number;
  readonly exiting: number;
  readonly wait: number;
}

/** What the comparison shows, in one sentence, from its figures alone; and in another what it can't show. */
export function sentence(comparison: Comparison): string {
  const doubts = doubtsOf(comparison);
  const doubt = doubts.length === 0 ? "" : ` This is not the whole: ${doubts.join("; ")}.`;
  if (comparison.runs.length === 0) return `Nothing was replayed.${doubt}`;
  const said = failures(comparison.runs) ?? costs(showings(comparison), doubts.length > 0);
  return said + doubt;
}

/** Why figures are not of all that was asked, in words; empty: they are. */
export function doubtsOf({
  runs,
  refusals = [],
  incomplete = [],
}: Pick<Results, "runs" | "refusals" | "incomplete">): string[] {
  const refused = runs.filter((run) => run.errors > 0);
  return [
    ...incomplete,
    ...refused.map(
      (run) => `${run.subject} refused ${run.errors} of the ${run.requests} requests of ${run.trace}`,
    ),
    ...refusals.map(({ trace, subject, why }) => `${subject} cannot hold ${trace}: ${why}`),
  ];
}

function failures(runs: readonly RunResult[]): string | null {
  const left = group(runs, (run) => run.left_at_device_close.bos + run.left_at_device_close.vms);
  const hazards = group(runs, (run) => run.hazards);
  const parts = [...new Set([...left.keys(), ...hazards.keys()])].map((name) => {
    const what: string[] = [];
    if (left.has(name)) what.push(`leaves ${left.get(name)} objects behind`);
    if (hazards.has(name)) what.push(`runs into ${hazards.get(name)} hazards`);
    return `${name} ${what.join(" and ")}`;
  });
  return parts.length === 0 ? null : `Under this traffic ${parts.join("; ")}.`;
}

function costs(all: readonly Showing[], doubtful: boolean): string {
  const keepers = all.filter((s) => s.retained > 0).sort((a, b) => b.retained - a.retained);
  const waiters = all.filter((s) => s.wait > 0).sort((a, b) => b.wait - a.wait);
  const keep =
    keepers.length === 0
      ? "while programs ran, memory went with its last handle under all of them"
      : `while programs ran, ${keepers.map((s) => `${s.name} kept up to ${bytes(s.retained)}`).join(", ")} after the last handle`;
  const leavers = all.filter((s) => s.exiting > 0).sort((a, b) => b.exiting - a.exiting);
  const exit =
    leavers.length === 0
      ? ""
      : `; while they exited, ${leavers.map((s) => `${s.name} up to ${bytes(s.exiting)}`).join(", ")}`;
  const wait =
    waiters.length === 0
      ? "no handle close waits"
      : `${waiters.map((s) => `${s.name} lets a handle close wait up to ${time(s.wait)}`).join(", ")}`;
  const left = doubtful
    ? "No verdict on what is left behind: of what was replayed, nothing was"
    : "Nothing is left behind under any of these policies";
  return `${left}; ${keep}${exit}; ${wait}.`;
}

function showings(comparison: Comparison): Showing[] {
  const by = new Map<string, Showing>();
  for (const column of [...comparison.columns(false), ...comparison.columns(true)]) {
    const name = subjectName(column.subject);
    const had = by.get(name) ?? { name, retained: 0, exiting: 0, wait: 0 };
    const retained = Math.max(had.retained, ...column.runs.map((run) => run.retained_bytes_peak));
    const exiting = Math.max(had.exiting, ...column.runs.map((run) => run.retained_bytes_peak_at_exit));
    by.set(name, { name, retained, exiting, wait: Math.max(had.wait, column.closeWaitNs.max) });
  }
  return [...by.values()];
}

function group(runs: readonly RunResult[], of: (run: RunResult) => number): Map<string, number> {
  const out = new Map<string, number>();
  for (const run of runs) {
    const n = of(run);
    if (n > 0) out.set(run.subject, (out.get(run.subject) ?? 0) + n);
  }
  return out;
}
