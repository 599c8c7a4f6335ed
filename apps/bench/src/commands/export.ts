import { UsageError, visible } from "@gpuvm/drm-model";
import { type Imported, type ImportStream, importFile, Shortfall, tellsEvents } from "@gpuvm/trace/node";
import { EXIT } from "../cli/context.ts";
import { interruptSignal } from "../cli/interrupt.ts";
import { checkOutputs } from "../cli/outputs.ts";
import { say as toStderr } from "../cli/say.ts";
import { exportDump } from "../export/dump-export.ts";
import type { ExportArgs, ExportFormat, Put } from "../export/export-args.ts";
import { exportRequests } from "../export/request-export.ts";
import { WholeFile } from "../export/whole-file.ts";
import { passedOver } from "../format/passed-over.ts";
import { Inputs } from "../inputs/open-input.ts";
import { rereadable } from "../inputs/rereadable.ts";
import { tracePath } from "../inputs/trace-path.ts";

/**
 * Writes a trace, a dump or a replay in a format that other tools open. A file is written whole or not at all.
 *
 * @returns the exit code: 0; 4 if it is written, but events were lost or lines not understood
 */
export async function runExport(asked: ExportArgs, say: (line: string) => void = toStderr): Promise<number> {
  const args = { ...asked, file: tracePath(asked.file) };
  checkOutputs([args.out], [args.file]);
  if (args.at !== undefined && args.format !== "gpuvas")
    throw new UsageError("--at is for --format gpuvas: the others tell of the whole time");
  if (args.keepPointers && (args.format !== "gpuvas" || args.policy !== undefined))
    throw new UsageError("--keep-pointers is for a gpuvas that is written as a gpuvas again");
  const signal = interruptSignal();
  const file = args.out === undefined ? undefined : new WholeFile(args.out);
  const put: Put = file === undefined ? toStdout : async (piece) => file.write(piece);
  const inputs = new Inputs([args.file], signal);
  let incomplete: Incomplete;
  try {
    incomplete = await dispatch(args, inputs, put, say, signal);
    signal.throwIfAborted();
  } catch (error) {
    file?.abort();
    throw error;
  } finally {
    inputs.end();
  }
  file?.close();
  if (args.out !== undefined) say(`${args.out}: ${HOW_TO_OPEN[args.format]}\n`);
  for (const words of incomplete) say(`not the whole: ${words}\n`);
  return incomplete.length === 0 ? EXIT.ok : EXIT.incomplete;
}

const HOW_TO_OPEN: Readonly<Record<ExportFormat, string>> = {
  perfetto: "open it at https://ui.perfetto.dev (it is read in your browser, not uploaded)",
  chrome: "open it at https://ui.perfetto.dev or in chrome://tracing",
  gpuvas: "as debugfs prints it; gpuvm-bench lint checks it",
  csv: "written",
  markdown: "written",
  benchstat: "compare such files with benchstat (golang.org/x/perf/cmd/benchstat)",
};

/** Why what was written is not the whole of what was read, in words. */
type Incomplete = readonly string[];

async function dispatch(
  args: ExportArgs,
  inputs: Inputs,
  put: Put,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Incomplete> {
  if (args.policy !== undefined) return replayed(args, put, say, signal);
  // A gpuvas is printed from the whole text, and a trace becomes one by a replay: both read it twice.
  const file = args.format === "gpuvas" ? await rereadable(args.file, signal) : undefined;
  const bytes = inputs.open(file?.path ?? args.file);
  const stream = await importFile(bytes, { file: file?.name ?? args.file });
  if (args.format === "gpuvas") {
    const path = file?.path ?? args.file;
    if (tellsEvents(stream.format)) return replayed(args, put, say, signal);
    await exportDump({ ...args, file: path }, stream, put);
    return [];
  }
  const shortfall = new Shortfall();
  const items = watched(stream, shortfall, signal);
  if (tellsEvents(stream.format)) await exportRequests(args, items, put);
  else await exportDump(args, items, put);
  passedOver(args.file, stream.skipped, say);
  return shortfall.words(stream.skipped).map((words) => `${args.file}: ${words}`);
}

/** Only a replay needs the policies. */
async function replayed(
  args: ExportArgs,
  put: Put,
  say: (text: string) => void,
  signal: AbortSignal,
): Promise<Incomplete> {
  const { exportReplay } = await import("../export/replay-export.ts");
  return exportReplay(args, put, say, signal);
}

async function* watched(
  stream: ImportStream,
  shortfall: Shortfall,
  signal: AbortSignal,
): AsyncGenerator<readonly Imported[], void, undefined> {
  for await (const batch of stream) {
    signal.throwIfAborted();
    for (const item of batch) if (item.kind === "loss") shortfall.lost(item);
    yield batch;
  }
}

function toStdout(piece: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(typeof piece === "string" ? visible(piece) : piece, (error) =>
      error ? reject(error) : resolve(),
    );
  });
}
