import { count } from "@gpuvm/results";
import * as Plot from "@observablehq/plot";
import { type Alike, alike, type Entry, type Panel } from "./panel.ts";
import { rowsOfPlots } from "./rows-of-plots.ts";
import { rangeTitle } from "./titles.ts";

/** What a submit costs in locks. */
export function locksPanel(entries: readonly Entry[]): Panel {
  const top = Math.max(1, ...entries.map(({ run }) => run.submit_locks.max));
  const shares = (entry: Entry) => {
    const { submit_locks: bins } = entry.portrait;
    const n = Math.max(
      1,
      bins.reduce((sum, [, , times]) => sum + times, 0),
    );
    return bins.map(([from, to, times]) => ({ from: from - 0.5, to: to + 0.5, share: times / n }));
  };
  const groups = alike(entries, ({ portrait }) => portrait.submit_locks);
  const most = Math.max(0.01, ...entries.flatMap((e) => shares(e).map((bin) => bin.share)));
  const median = (group: Alike) => group.entry.run.submit_locks.p50;
  const medians = entries.map(({ name, run }) => ({ name, value: run.submit_locks.p50 }));
  const title = entries.every(({ run }) => run.submit_locks.max === 0)
    ? "No submit takes a lock"
    : rangeTitle(medians, (n) => `The median submit takes ${count(n)} lock${n === 1 ? "" : "s"}`, count);
  const marks = (group: Alike, key: string) => [
    Plot.rectY(shares(group.entry), {
      x1: "from",
      x2: "to",
      y1: 0,
      y2: "share",
      fy: () => key,
      fill: group.colour,
      inset: 0.3,
    }),
    Plot.ruleX([median(group)], { fy: () => key, strokeDasharray: "2,2" }),
  ];
  const axes = {
    xLabel: "locks taken by a submit (dashed: median)",
    xDomain: [-0.5, top + 0.5],
    ...(top > 24 ? { xLog: true, xTicks: powers(top) } : {}),
    yDomain: [0, most],
    yTicks: [0, most],
    yFormat: (y: number) => `${Math.round(y * 100)} %`,
  } as const;
  return {
    title,
    note: "Share of submits by the number of locks they take",
    picture: rowsOfPlots(groups, marks, axes, title),
    head: ["policy", "submits", "locks p50", "p90", "p99", "max", "objects p50", "waits, all"],
    rows: entries.map(({ name, run }) => {
      const { n, p50, p90, p99, max } = run.submit_locks;
      return [name, ...[n, p50, p90, p99, max, run.submit_objects.p50, run.submit_waits.sum].map(count)];
    }),
  };
}

/** 0, 1, 2, 4, ... as far as there are values, every second one where they would be crowded. */
function powers(top: number): number[] {
  const all = [0];
  for (let n = 1; n <= top; n *= top > 512 ? 4 : 2) all.push(n);
  return all;
}
