import { bytes, time } from "@gpuvm/results";
import { type Entry, list, type Panel } from "./panel.ts";
import { seriesPicture } from "./series-panel.ts";

/** What lives on after its last handle. */
export function retainedPanel(entries: readonly Entry[]): Panel {
  const column = (entry: Entry) => entry.portrait.series.retained_bytes;
  const peak = (entry: Entry) => Math.max(0, ...column(entry));
  const sorted = [...entries].sort((a, b) => peak(b) - peak(a));
  const [most] = sorted;
  const note = "Bytes of buffers that are alive although no handle and no dma-buf leads to them, over time";
  const head = ["policy", "peak, running", "peak, exiting", "byte-seconds", "longest curve above 0"];
  const rows = entries.map((entry) => [
    entry.name,
    bytes(entry.run.retained_bytes_peak),
    bytes(entry.run.retained_bytes_peak_at_exit ?? 0),
    `${bytes(entry.run.retained_byte_seconds)}·s`,
    time(longest(entry) * 1e6),
  ]);
  if (most === undefined || peak(most) === 0) {
    const title = "No policy keeps a buffer that its program has given back";
    return { title, note, picture: "", head, rows };
  }
  const none = entries.filter((entry) => peak(entry) === 0).map(({ name }) => name);
  const least = sorted.at(-1) as Entry;
  const other =
    none.length > 0
      ? `${list(none)} keep${none.length === 1 ? "s" : ""} nothing`
      : least === most
        ? ""
        : `${least.name} ${bytes(peak(least))}`;
  const title = `${most.name} keeps up to ${bytes(peak(most))} that its program has given back${other === "" ? "" : `; ${other}`}`;
  return { title, note, picture: seriesPicture(entries, column, bytes, title), head, rows };
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
