import * as Plot from "@observablehq/plot";
import { type Alike, alike, type Entry } from "./panel.ts";
import { type Point, rowsOfPlots } from "./rows-of-plots.ts";

/** A column of samples over time as a step curve, a row for each policy. */
export function seriesPicture(
  entries: readonly Entry[],
  column: (entry: Entry) => readonly number[],
  format: (y: number) => string,
  label: string,
): string {
  // When nothing happens it does not matter when.
  const groups = alike(entries, (entry) => {
    const values = column(entry);
    return values.some((value) => value !== 0) ? [entry.portrait.series.t_ms, values] : null;
  });
  const top = Math.max(1, ...entries.flatMap((entry) => column(entry)));
  const marks = (group: Alike, key: string) => {
    const points = steps(group.entry.portrait.series.t_ms, column(group.entry));
    const at = { x: "x", fy: () => key, curve: "step-after" } as const;
    return [
      Plot.areaY(points, { ...at, y1: 0, y2: "y", fill: group.colour, fillOpacity: 0.25 }),
      Plot.lineY(points, { ...at, y: "y", stroke: group.colour, strokeWidth: 1.4 }),
    ];
  };
  const axes = {
    xLabel: "time in the trace (s)",
    xDomain: [0, endOf(entries)],
    yDomain: [0, top],
    yTicks: [0, top],
    yFormat: format,
  } as const;
  return rowsOfPlots(groups, marks, axes, label);
}

/** Seconds at the end of the longest replay. */
export function endOf(entries: readonly Entry[]): number {
  return Math.max(0.001, ...entries.map(({ portrait }) => (portrait.series.t_ms.at(-1) ?? 0) / 1000));
}

/** Only where something changes: the curve is the same. */
function steps(tMs: readonly number[], values: readonly number[]): Point[] {
  const out: Point[] = [];
  for (const [i, y] of values.entries()) {
    const last = i === values.length - 1;
    if (out.at(-1)?.y !== y || last) out.push({ x: (tMs[i] as number) / 1000, y });
  }
  return out;
}
