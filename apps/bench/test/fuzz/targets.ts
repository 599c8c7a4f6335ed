/** Everything that takes what strangers wrote, as one function each: it ends, and fails with its own error only. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { replayVectors, VectorError } from "@gpuvm/conformance";
import { DRIVERS, subjectNamed } from "@gpuvm/drivers";
import { UsageError } from "@gpuvm/drm-model";
import { LogReader } from "@gpuvm/record";
import { reportHtml } from "@gpuvm/report";
import {
  CannotHold,
  Comparison,
  compareResults,
  mergeResults,
  parseResults,
  replayOne,
  resultsText,
  runResult,
} from "@gpuvm/results";
import { parseCosts } from "@gpuvm/study";
import { IMPORT_FORMATS, type ImportFormat } from "@gpuvm/trace/formats";
import { formatFinding, importFile, Linter, plainBytes, TraceError, tellsEvents } from "@gpuvm/trace/node";
import { importTrace, openWorkload, sourceOf } from "@gpuvm/workloads";
import { COMMANDS } from "../../src/cli/app.ts";
import { compareText } from "../../src/commands/compare.ts";
import { runExplore } from "../../src/commands/explore.ts";
import { configWords } from "../../src/config/apply.ts";
import { loadConfig } from "../../src/config/config.ts";
import { flagSchemas } from "../../src/config/schema.ts";
import { exportDump } from "../../src/export/dump-export.ts";
import { EXPORT_FORMATS } from "../../src/export/export-args.ts";
import { exportRequests } from "../../src/export/request-export.ts";
import { comparisonText } from "../../src/format/comparison-text.ts";
import { detailsText, runsCsv } from "../../src/format/details.ts";
import * as seeds from "./seeds.ts";

/** One reader, and what it is tried with first. */
export interface Target {
  readonly seeds: () => readonly Buffer[];
  /** Reads; throws nothing but what {@link isRefusal} knows. */
  readonly read: (bytes: Buffer) => Promise<void> | void;
}

/** Whether an error is how input is refused: anything else is a finding. */
export function isRefusal(error: unknown): boolean {
  return [TraceError, UsageError, VectorError, CannotHold].some((kind) => error instanceof kind);
}

async function readAs(bytes: Buffer, format?: ImportFormat): Promise<void> {
  const options = format === undefined ? { file: "x" } : { file: "x", format };
  const linter = new Linter("x", (finding) => void formatFinding(finding));
  const stream = await importFile(plainBytes(pieces(bytes)), options);
  for await (const batch of stream) for (const item of batch) linter.push(item);
  linter.end(stream.skipped);
  linter.lookUpFaults([]);
  try {
    const trace = await importTrace(["x"], () => plainBytes(pieces(bytes)), format);
    for await (const batch of trace.batches) void batch;
    trace.incomplete();
  } catch (error) {
    // A dump without mappings can be linted, and is no trace.
    if (!isRefusal(error)) throw error;
  }
}

/** In pieces, as a pipe gives them. */
function* pieces(bytes: Buffer): Generator<Uint8Array> {
  const step = Math.max(1, Math.min(4096, bytes.length >> 1));
  for (let i = 0; i < bytes.length; i += step) yield bytes.subarray(i, i + step);
}

async function exported(bytes: Buffer): Promise<void> {
  for (const format of EXPORT_FORMATS) {
    const stream = await importFile(plainBytes(pieces(bytes)), { file: "x" });
    const args = { file: "x", format, out: undefined, policy: undefined, at: undefined, keepPointers: false };
    const put = async () => {};
    if (format === "gpuvas") continue;
    if (tellsEvents(stream.format)) await exportRequests(args, stream, put);
    else await exportDump(args, stream, put);
  }
}

/** Buffers of a fuzzed trace: few, so that no input is large by what it asks for. */
const MAX_BUFFERS = 2000;

async function replayed(bytes: Buffer): Promise<void> {
  const trace = await importTrace(["x"], () => plainBytes(pieces(bytes)));
  const requests = [];
  for await (const batch of trace.batches) requests.push(...batch);
  const source = sourceOf("x", { header: trace.header, requests, warnings: [] });
  const subjects = DRIVERS.map(({ name }) => subjectNamed(name));
  const comparison = new Comparison(subjects);
  const how = {
    audit: false,
    lockdep: true,
    repeat: 1,
    now: () => 0,
    portrait: true,
    maxBuffers: MAX_BUFFERS,
  };
  const runs = [];
  for (const subject of subjects) {
    try {
      const one = await replayOne(source, subject, how);
      comparison.add(one);
      runs.push(runResult(one));
    } catch (error) {
      if (!(error instanceof CannotHold)) throw error;
    }
  }
  if (runs.length === 0) return;
  comparisonText(comparison, false, 100);
  detailsText(runs, true);
  runsCsv(runs);
}

function results(bytes: Buffer): void {
  const read = parseResults(bytes.toString(), "x.json");
  // What was read is a result file again, and everything that is made of one can be made of it.
  parseResults(resultsText(read), "again.json");
  const threshold = 0.01;
  const compared = compareResults(read, read, threshold);
  compareText(compared, { before: "a", after: "b", threshold, all: true, format: "markdown" });
  reportHtml([{ name: "x", results: read }]);
  detailsText(read.runs, false);
  runsCsv(read.runs);
  parseResults(
    resultsText(
      mergeResults([
        { name: "a", results: read },
        { name: "b", results: read },
      ]),
    ),
    "merged",
  );
}

async function config(bytes: Buffer): Promise<void> {
  const dir = mkdtempSync(join(tmpdir(), "gpuvm-fuzz-"));
  try {
    const path = join(dir, "gpuvm.config.json");
    writeFileSync(path, bytes);
    const read = await loadConfig(path, false);
    for (const [name, command] of Object.entries(COMMANDS)) {
      configWords(read, name, flagSchemas(command), [], {});
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function log(bytes: Buffer): void {
  const reader = new LogReader(() => {});
  for (const line of bytes.toString().split("\n")) reader.read(line);
  reader.finish();
}

/** A generated workload is endless if its parameters are: its first batches only. */
async function workload(bytes: Buffer): Promise<void> {
  let batches = 0;
  for await (const batch of openWorkload(bytes.toString(), 1).batches()) {
    void batch;
    if (++batches === 2) return;
  }
}

async function token(bytes: Buffer): Promise<void> {
  await runExplore({ replay: bytes.toString() }, () => {});
}

const OF_FORMATS = IMPORT_FORMATS.map((format): readonly [string, Target] => [
  format,
  { seeds: () => seeds.samplesOf(format), read: (bytes) => readAs(bytes, format) },
]);

/** Every target, by the name that `npm run fuzz` takes. */
export const TARGETS: ReadonlyMap<string, Target> = new Map<string, Target>([
  ...OF_FORMATS,
  ["any-format", { seeds: seeds.allSamples, read: (bytes) => readAs(bytes) }],
  ["export", { seeds: seeds.allSamples, read: exported }],
  ["replay", { seeds: seeds.traces, read: replayed }],
  ["results", { seeds: seeds.results, read: results }],
  ["config", { seeds: seeds.configs, read: config }],
  ["token", { seeds: seeds.tokens, read: token }],
  ["costs", { seeds: seeds.costs, read: (bytes) => void parseCosts(bytes.toString(), "x") }],
  ["workload", { seeds: seeds.workloads, read: workload }],
  ["record-log", { seeds: seeds.logs, read: log }],
  ["vectors", { seeds: seeds.vectors, read: async (bytes) => void (await replayVectors(bytes, {})) }],
]);
