import { bytes, time } from "@gpuvm/results";
import type { Entry, Panel } from "./panel.ts";
import { seriesPicture } from "./series-panel.ts";
import { keptTitle } from "./titles.ts";

/** What lives on after its last handle. */
export function retainedPanel(entries: readonly Entry[]): Panel {
  const column = (entry: Entry) => entry.portrait.series.retained_bytes;
  const note = "Bytes of buffers that are alive although no handle and no dma-buf leads to them, over time";
  const head = ["policy", "peak, running", "peak, exiting", "byte-seconds", "longest curve above 0"];
  const rows = entries.map((entry) => [
    entry.name,
    bytes(entry.run.retained_bytes_peak),
    bytes(entry.run.retained_bytes_peak_at_exit ?? 0),
    `${bytes(entry.run.retained_byte_seconds)}·s`,
    time(longest(entry) * 1e6),
  ]);
  const running = entries.map(({ name, run }) => ({ name, value: run.retained_bytes_peak }));
  const exiting = entries.map(({ name, run }) => ({ name, value: run.retained_bytes_peak_at_exit ?? 0 }));
  const ran = keptTitle(running, bytes, "that its program has given back");
  const title = exiting.some(({ value }) => value > 0)
    ? `${ran}. While the program exits: ${keptTitle(exiting, bytes, "for a while")}`
    : ran;
  const seen = entries.some((entry) => column(entry).some((value) => value > 0));
  const picture = seen ? seriesPicture(entries, column, bytes, title) : "";
  return { title, note, picture, head, rows };
}

/** Milliseconds of the longest stretch of samples above 0. */
function longest({ portrait: { series } }: Entry): number {
  let most = 0;
  let from: number | undefined;
  for (const [i, value] of series.retained_bytes.entries()) {
    const t = series.t_ms[i] as number;
    if (from !== undefined) most = Math.max(most, t - from);
    from = value > 0 ? (from ?? t) : undefined;
  }
  return most;
}
