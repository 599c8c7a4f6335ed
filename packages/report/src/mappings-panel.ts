import { bytes, count } from "@gpuvm/results";
import type { Entry, Panel } from "./panel.ts";
import { seriesPicture } from "./series-panel.ts";
import { rangeTitle } from "./titles.ts";

/** How many mappings there are. */
export function mappingsPanel(entries: readonly Entry[]): Panel {
  const column = (entry: Entry) => entry.portrait.series.mappings;
  const peak = (entry: Entry) => Math.max(0, ...column(entry));
  const title = rangeTitle(
    entries.map((entry) => ({ name: entry.name, value: peak(entry) })),
    (n) => `Up to ${count(n)} mappings at once`,
    count,
  );
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
