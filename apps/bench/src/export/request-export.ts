import { basename } from "node:path";
import {
  benchstat,
  csvRow,
  type Imported,
  markdown,
  RequestTimeline,
  type TimelineEvent,
} from "@gpuvm/trace";
import { type Stat, TraceStats } from "@gpuvm/workloads";
import { statText } from "../format/stat.ts";
import { EVENT_COLUMNS, eventRows, faultRow, lossRow, memoryRow } from "./event-rows.ts";
import type { ExportArgs, Put } from "./export-args.ts";
import { Gauges } from "./gauges.ts";
import { timelineEncoder } from "./timeline-encoder.ts";

/** Writes what a program asked: every request (csv), figures (markdown, benchstat), or a timeline. */
export async function exportRequests(
  { format, file }: ExportArgs,
  items: AsyncIterable<readonly Imported[]>,
  put: Put,
): Promise<void> {
  if (format === "csv") {
    await put(csvRow(EVENT_COLUMNS));
    let t = 0;
    for await (const batch of items) {
      let text = "";
      for (const item of batch) {
        t = timeOf(item) ?? t;
        if (item.kind === "request") {
          for (const row of eventRows(item.request, item.label)) text += csvRow(row);
        } else if (item.kind === "fault") text += csvRow(faultRow(item.fault, t));
        else if (item.kind === "loss") text += csvRow(lossRow(item.events, t));
        else if (item.snapshot.type === "memory") text += csvRow(memoryRow(item.snapshot, t));
      }
      await put(text);
    }
  } else if (format === "perfetto" || format === "chrome") {
    const encoder = timelineEncoder(format);
    let pieces: (string | Uint8Array)[] = [encoder.begin()];
    const sink = (event: TimelineEvent) => void pieces.push(encoder.event(event));
    const timeline = new RequestTimeline(sink);
    let t = 0;
    const flush = async () => {
      const joined = pieces.every((p) => typeof p === "string")
        ? pieces.join("")
        : Buffer.concat(pieces.map((p) => Buffer.from(p as Uint8Array)));
      pieces = [];
      await put(joined);
    };
    for await (const batch of items) {
      for (const item of batch) {
        t = timeOf(item) ?? t;
        if (item.kind === "request") timeline.push(item.request);
        else if (item.kind === "loss") {
          sink({ type: "instant", t, track: "trace", name: `${item.events ?? "some"} events were lost` });
        } else if (item.kind === "fault") {
          const name = `fault at 0x${item.fault.address.toString(16)} (${item.fault.source})`;
          sink({ type: "instant", t, track: "GPU faults", name });
        } else if (item.snapshot.type === "memory") {
          const { owner, region, what, bytes } = item.snapshot;
          sink({ type: "counter", t, track: `memory of ${owner}: ${region} ${what}`, value: bytes });
        }
      }
      await flush();
    }
    timeline.end();
    pieces.push(encoder.end());
    await flush();
  } else {
    const stats = new TraceStats();
    const memory = new Gauges();
    for await (const batch of items) {
      for (const item of batch) {
        if (item.kind === "request") stats.push(item.request);
        else if (item.kind === "snapshot" && item.snapshot.type === "memory") memory.add(item.snapshot);
      }
    }
    const all = [...stats.stats(), ...memory.stats()];
    await put(statsAs(format === "benchstat" ? "benchstat" : "markdown", basename(file), all));
  }
}

/** When an item was, in nanoseconds from the first event; undefined: with what came before it. */
function timeOf(item: Imported): number | undefined {
  if (item.kind === "request") return item.request.t;
  return item.kind === "snapshot" ? item.t : undefined;
}

/** Figures of a trace as text. */
export function statsAs(format: "markdown" | "benchstat", name: string, stats: readonly Stat[]): string {
  if (format === "markdown") {
    return markdown({ columns: ["figure", name], rows: stats.map((s) => [s.label, statText(s)]) });
  }
  const values: Record<string, number> = {};
  for (const { key, values: list } of stats) {
    const names = list.length === 1 ? [key] : [`${key}_p10`, `${key}_p50`, `${key}_p90`];
    for (const [i, value] of list.entries()) values[names[i] as string] = value;
  }
  return benchstat({}, [{ name: "Trace", keys: { trace: name }, iterations: 1, values }]);
}
