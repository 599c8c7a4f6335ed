import { bytes, count } from "@gpuvm/results";
import type { Entry, Panel } from "./panel.ts";
import { seriesPicture } from "./series-panel.ts";

/** How many mappings there are. */
export function mappingsPanel(entries: readonly Entry[]): Panel {
  const column = (entry: Entry) => entry.portrait.series.mappings;
  const peak = (entry: Entry) => Math.max(0, ...column(entry));
  const sorted = [...entries].sort((a, b) => peak(b) - peak(a));
  const most = sorted[0] as Entry;
  const least = sorted.at(-1) as Entry;
  const title =
    peak(most) === peak(least)
      ? `Up to ${count(peak(most))} mappings at once${entries.length > 1 ? " under every policy" : ""}`
      : `Up to ${count(peak(most))} mappings at once under ${most.name}, ${count(peak(least))} under ${least.name}`;
  return {
    title,
    note: "Live mappings in all VMs, over time",
    picture: seriesPicture(entries, column, count, title),
    head: [
      "policy",
      "mappings, peak",
      "bytes mapped, peak",
      "mappings as the program ends",
      "page-table entries written",
    ],
    rows: entries.map((entry) => [
      entry.name,
      count(peak(entry)),
      bytes(Math.max(0, ...entry.portrait.series.mapped_bytes)),
      count(entry.run.final_mappings),
      count(entry.run.ptes_written),
    ]),
  };
}
