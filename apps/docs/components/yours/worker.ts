/// <reference lib="webworker" />
import { DRIVERS, subjectNamed } from "@gpuvm/drivers";
import { UsageError } from "@gpuvm/drm-model";
import { reportHtml } from "@gpuvm/report";
import {
  CannotHold,
  Comparison,
  parseResults,
  ROWS,
  type RunResult,
  replayOne,
  resultsOf,
  sentence,
} from "@gpuvm/results";
import { type Finding, importFile, Linter, TraceError } from "@gpuvm/trace";
import { importTrace, type TraceSource } from "@gpuvm/workloads";
import type { Ask, Tell } from "./messages.ts";

/** Findings that are sent; more are counted. */
const SHOWN = 500;
/** Characters of a result file: more would not fit the page. */
const RESULTS_MAX = 256 * 2 ** 20;

const tell = (what: Tell) => self.postMessage(what);

self.onmessage = async ({ data }: MessageEvent<Ask>) => {
  try {
    tell({ kind: "done", why: await work(data) });
  } catch (error) {
    if (!(error instanceof TraceError || error instanceof UsageError)) throw error;
    tell({ kind: "failed", message: error.message });
  }
};

/** Everything, in order; answers why there is no report, or null. */
async function work({ name, file }: Ask): Promise<string | null> {
  if (await isResults(file)) {
    if (file.size > RESULTS_MAX)
      throw new UsageError(
        `${name}: a result file of more than 256 MiB is for the command: gpuvm-bench report`,
      );
    tell({ kind: "format", format: "results of gpuvm-bench run" });
    tell({ kind: "report", html: reportHtml([{ name, results: parseResults(await file.text(), name) }]) });
    return null;
  }
  await lint(name, file);
  return replay(name, file);
}

async function isResults(file: Blob): Promise<boolean> {
  return /^\s*\{\s*"format":\s*"gpuvm-bench-results"/.test(await file.slice(0, 200).text());
}

/** A file's bytes, with word of how far it is. */
async function* bytesOf(file: Blob, doing: string): AsyncGenerator<Uint8Array> {
  const reader = file.stream().getReader();
  let read = 0;
  let said = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    yield value;
    read += value.length;
    if (read - said < 2 ** 20 && read < file.size) continue;
    said = read;
    tell({ kind: "progress", doing, share: read / Math.max(1, file.size) });
  }
}

async function lint(name: string, file: Blob): Promise<void> {
  const findings: Finding[] = [];
  let more = 0;
  const linter = new Linter(name, (finding) => {
    if (findings.length < SHOWN) findings.push(finding);
    else more++;
  });
  const stream = await importFile(bytesOf(file, "checking"), { file: name });
  tell({ kind: "format", format: stream.format });
  for await (const batch of stream) for (const item of batch) linter.push(item);
  linter.end(stream.skipped);
  linter.lookUpFaults([]);
  tell({ kind: "findings", findings, more, complete: linter.complete });
}

async function replay(name: string, file: Blob): Promise<string | null> {
  const subjects = DRIVERS.map((driver) => subjectNamed(driver.name));
  const comparison = new Comparison(subjects);
  const runs: RunResult[] = [];
  const refused: string[] = [];
  for (const subject of subjects) {
    let source: TraceSource;
    try {
      source = await sourceOf(name, file, `replaying on ${subject.driver.name}`);
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      return error.message;
    }
    try {
      const now = () => performance.now();
      const options = { audit: false, lockdep: false, repeat: 1, portrait: true, now };
      runs.push(comparison.add(await replayOne(source, subject, options)));
    } catch (error) {
      if (error instanceof UsageError && !(error instanceof CannotHold)) return error.message;
      if (!(error instanceof CannotHold)) throw error;
      refused.push(`${subject.driver.name}: ${error.why}`);
    }
  }
  tellTable(comparison, refused);
  const machine = { cpu: "a browser", cores: navigator.hardwareConcurrency, node: "", platform: "browser" };
  const results = resultsOf(
    runs,
    { audit: false, lockdep: false, repeat: 1, samples: 1 },
    { machine, versions: {} },
  );
  tell({ kind: "report", html: reportHtml([{ name, results }]) });
  return null;
}

function tellTable(comparison: Comparison, refused: readonly string[]): void {
  const columns = [...comparison.columns(false), ...comparison.columns(true)].filter(
    (column) => column.runs.length > 0,
  );
  tell({
    kind: "replayed",
    columns: columns.map(
      ({ subject, runs }) => `${subject.driver.name}${runs[0]?.translated === false ? ", as recorded" : ""}`,
    ),
    rows: ROWS.map((row) => ({ label: row.label, cells: columns.map((column) => row.cell(column)) })),
    says: sentence(comparison),
    refused,
  });
}

/** The trace, read anew for each policy: no more of it is in memory than a batch. */
async function sourceOf(name: string, file: Blob, doing: string): Promise<TraceSource> {
  const open = () => importTrace([name], () => bytesOf(file, doing));
  const first = await open();
  let head: TraceSource["head"] = [];
  for await (const batch of first.batches) {
    head = batch;
    break;
  }
  return {
    name,
    path: "",
    header: first.header,
    head,
    warnings: [],
    batches: async function* () {
      yield* (await open()).batches;
    },
  };
}
