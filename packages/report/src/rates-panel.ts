import { count, short } from "@gpuvm/results";
import * as Plot from "@observablehq/plot";
import { type Alike, alike, type Entry, type Panel } from "./panel.ts";
import { rowsOfPlots } from "./rows-of-plots.ts";
import { endOf } from "./series-panel.ts";

/** Bars of a row. */
const BARS = 60;

interface Bar {
  readonly from: number;
  readonly to: number;
  /** Per second. */
  readonly maps: number;
  readonly unmaps: number;
}

/** How fast mappings come and go. */
export function ratesPanel(entries: readonly Entry[]): Panel {
  const end = endOf(entries);
  const barsOf = (entry: Entry) => bars(entry, end);
  const all = entries.map((entry) => ({ entry, bars: barsOf(entry) }));
  // When the program ends everything goes at once, which would dwarf what it did while it ran.
  const running = all.flatMap((e) => e.bars.slice(0, -1));
  const top = Math.max(1, ...running.flatMap((bar) => [bar.maps, bar.unmaps]));
  const title = ratesTitle(all);
  const marks = (group: Alike, key: string) => {
    const list = barsOf(group.entry).filter((b) => b.maps > 0 || b.unmaps > 0);
    const at = { x1: "from", x2: "to", fy: () => key, inset: 0.2, fill: group.colour };
    return [
      Plot.rectY(list, { ...at, y1: 0, y2: (b: Bar) => Math.min(top, b.maps) }),
      Plot.rectY(list, { ...at, y1: 0, y2: (b: Bar) => -Math.min(top, b.unmaps), fillOpacity: 0.45 }),
      Plot.ruleY([0], { fy: () => key, strokeOpacity: 0.5 }),
    ];
  };
  const axes = {
    xLabel: "time in the trace (s)",
    xDomain: [0, end],
    yDomain: [-top, top],
    yTicks: [-top, 0, top],
    yFormat: (y: number) => short(Math.abs(y)),
    row: 70,
  } as const;
  return {
    title,
    note: "Mappings made (upwards) and taken away (downwards, paler) per second, over time; cut off where the program ends",
    picture: rowsOfPlots(alike(entries, barsOf), marks, axes, title),
    head: ["policy", "maps", "unmaps", "remaps", "by teardown", "TLB invalidations", "maps/s, busiest"],
    rows: all.map(({ entry: { name, run }, bars: list }) => [
      name,
      ...[run.maps, run.unmaps, run.remaps, run.teardown_unmaps, run.tlb_invalidations].map(count),
      short(Math.max(...list.map((b) => b.maps))),
    ]),
  };
}

/** Of the policy under which most happens in the busiest moment, while its own trace runs. */
function ratesTitle(all: readonly { readonly entry: Entry; readonly bars: readonly Bar[] }[]): string {
  const busiest = all
    .flatMap(({ entry, bars: list }) => list.slice(0, -1).map((bar) => ({ entry, bar, list })))
    .sort((a, b) => b.bar.maps + b.bar.unmaps - a.bar.maps - a.bar.unmaps)[0];
  if (busiest === undefined || busiest.bar.maps + busiest.bar.unmaps === 0)
    return "Mappings neither come nor go";
  const { entry, bar, list } = busiest;
  const own = (entry.portrait.series.t_ms.at(-1) ?? 0) / 1000;
  const late = list.filter(({ from, to }) => from >= own / 2 && to <= own * 0.85);
  const steady = late.reduce((sum, b) => sum + b.maps, 0) / Math.max(1, late.length);
  const later =
    late.length === 0
      ? ""
      : `; in its second half ${steady < 1 ? "less than one map" : `${short(steady)} maps`} a second`;
  const under = all.length > 1 ? ` under ${entry.name}` : "";
  return `Busiest at ${bar.from.toFixed(1)} s${under}: ${short(bar.maps)} maps and ${short(bar.unmaps)} unmaps a second${later}`;
}

function bars({ portrait: { series } }: Entry, end: number): Bar[] {
  const at = (column: readonly number[], seconds: number): number => {
    let i = 0;
    while (i < series.t_ms.length && (series.t_ms[i] as number) <= seconds * 1000) i++;
    return i === 0 ? 0 : (column[i - 1] as number);
  };
  const width = end / BARS;
  return Array.from({ length: BARS }, (_, i) => {
    const [from, to] = [i * width, i === BARS - 1 ? end * 1.001 : (i + 1) * width];
    const rate = (column: readonly number[]) => (at(column, to) - (i === 0 ? 0 : at(column, from))) / width;
    return { from, to: Math.min(to, end), maps: rate(series.maps), unmaps: rate(series.unmaps) };
  });
}
