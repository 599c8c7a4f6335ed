import { readFile } from "node:fs/promises";
import { UsageError } from "@gpuvm/drm-model";
import { bytes, count } from "@gpuvm/results/units";
import {
  benchstat,
  csvRow,
  type Imported,
  markdown,
  parseGpuvas,
  printGpuvas,
  redactGpuvas,
  type Snapshot,
} from "@gpuvm/trace";
import type { ExportArgs, Put } from "./export-args.ts";
import { Gauges } from "./gauges.ts";
import { SNAPSHOT_COLUMNS, snapshotRow } from "./snapshot-rows.ts";
import { timelineEncoder } from "./timeline-encoder.ts";

/** Writes what a dump shows: every row (csv), sums (markdown, benchstat), counters, or gpuvas again, without pointers. */
export async function exportDump(
  args: ExportArgs,
  items: AsyncIterable<readonly Imported[]>,
  put: Put,
): Promise<void> {
  if (args.format === "gpuvas") return gpuvas(args, put);
  if (args.format === "csv") {
    await put(csvRow(SNAPSHOT_COLUMNS));
    for await (const batch of items) {
      await put(batch.map((i) => (i.kind === "snapshot" ? csvRow(snapshotRow(i.snapshot)) : "")).join(""));
    }
    return;
  }
  if (args.format === "perfetto" || args.format === "chrome") return timeline(args.format, items, put);
  const sums = new Sums();
  for await (const batch of items) for (const i of batch) if (i.kind === "snapshot") sums.add(i.snapshot);
  const rows = sums.rows();
  if (args.format === "markdown") {
    await put(
      markdown({
        columns: ["figure", args.file],
        rows: rows.map(([label, n, isBytes]) => [label, isBytes ? bytes(n) : count(n)]),
      }),
    );
  } else {
    const values = Object.fromEntries(rows.map(([label, n]) => [label, n]));
    await put(benchstat({}, [{ name: "Dump", keys: { dump: args.file }, iterations: 1, values }]));
  }
}

/** Between two amounts of the same kind: a dump that tells of one again doesn't say when. */
const BETWEEN_NS = 1e9;
/** Kinds of amounts whose course is drawn. */
const COURSES_MAX = 10_000;

/** Counters: amounts in the order in which they were told, a second apart, and the sums of everything else at the beginning. */
async function timeline(
  format: "perfetto" | "chrome",
  items: AsyncIterable<readonly Imported[]>,
  put: Put,
): Promise<void> {
  const encoder = timelineEncoder(format);
  const sums = new Sums();
  const told = new Map<string, number>();
  await put(encoder.begin());
  for await (const batch of items) {
    for (const item of batch) {
      if (item.kind !== "snapshot") continue;
      if (item.snapshot.type !== "memory") {
        sums.add(item.snapshot);
        continue;
      }
      const { owner, region, what, bytes: value } = item.snapshot;
      const track = `${owner} ${region} ${what}`;
      const n = told.get(track) ?? 0;
      if (n === 0 && told.size >= COURSES_MAX) continue;
      told.set(track, n + 1);
      await put(encoder.event({ type: "counter", t: item.t ?? n * BETWEEN_NS, track, value }));
    }
  }
  for (const [track, value] of sums.rows()) {
    await put(encoder.event({ type: "counter", t: 0, track, value }));
  }
  await put(encoder.end());
}

/** The whole text is needed to print it again byte for byte. */
async function gpuvas(args: ExportArgs, put: Put): Promise<void> {
  const spaces = parseGpuvas(await readFile(args.file, "utf8"), args.file);
  if (spaces.length === 0) {
    throw new UsageError(
      `${args.file}: has no address space; make a trace of it with import, then export that with --policy`,
    );
  }
  await put(printGpuvas(args.keepPointers ? spaces : redactGpuvas(spaces)));
}

/** Sums over the rows of a dump. */
class Sums {
  readonly #gauges = new Gauges();
  readonly #sums = new Map<string, { n: number; bytes: boolean }>();

  add(s: Snapshot): void {
    this.#add(`${s.type}s`, 1, false);
    if (s.type === "mapping") {
      this.#add("mapped", Number(s.length), true);
      this.#add(`mapped in space ${s.space}`, Number(s.length), true);
    } else if (s.type === "object") {
      this.#add("object size", s.size, true);
      if (s.residentSize !== undefined) this.#add("object resident size", s.residentSize, true);
    } else if (s.type === "memory") this.#gauges.add(s);
  }

  rows(): [label: string, n: number, bytes: boolean][] {
    const sums = [...this.#sums].map(([label, { n, bytes: isBytes }]): [string, number, boolean] => [
      label,
      n,
      isBytes,
    ]);
    const amounts = this.#gauges.rows().map(([label, n]): [string, number, boolean] => [label, n, true]);
    return [...sums, ...amounts];
  }

  #add(label: string, n: number, isBytes: boolean): void {
    const sum = this.#sums.get(label) ?? { n: 0, bytes: isBytes };
    sum.n += n;
    this.#sums.set(label, sum);
  }
}
