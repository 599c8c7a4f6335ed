import { UsageError } from "@gpuvm/drm-model";
import { type Imported, importFile } from "@gpuvm/trace/node";
import { EXIT } from "../cli/context.ts";
import { interruptSignal } from "../cli/interrupt.ts";
import { exportDump } from "../export/dump-export.ts";
import { exportRequests } from "../export/request-export.ts";
import { WholeFile } from "../export/whole-file.ts";
import { Inputs } from "../inputs/open-input.ts";

/** What can be written. */
export const EXPORT_FORMATS = ["perfetto", "chrome", "gpuvas", "csv", "markdown", "benchstat"] as const;

/** One of {@link EXPORT_FORMATS}. */
export type ExportFormat = (typeof EXPORT_FORMATS)[number];

/** The arguments of `export`. */
export interface ExportArgs {
  /** A trace or dump of any known format; `-` is standard input. */
  readonly file: string;
  readonly format: ExportFormat;
  /** Where to; none: standard output. */
  readonly out: string | undefined;
  /** Shows what this policy makes of the trace, instead of the trace alone. */
  readonly policy: string | undefined;
  /** gpuvas: virtual time of the dump in seconds; none: just before the program ends. */
  readonly at: number | undefined;
  /** gpuvas in, gpuvas out: kernel pointers stay. */
  readonly keepPointers: boolean;
}

/** Takes pieces of an export. */
export type Put = (piece: string | Uint8Array) => Promise<void>;

/**
 * Writes a trace, a dump or a replay in a format that other tools open. A file is written whole or not at all.
 *
 * @returns the exit code: 0
 */
export async function runExport(
  args: ExportArgs,
  say: (text: string) => void = (text) => void process.stderr.write(text),
): Promise<number> {
  const signal = interruptSignal();
  const file = args.out === undefined ? undefined : new WholeFile(args.out);
  const put: Put = file === undefined ? toStdout : async (piece) => file.write(piece);
  const inputs = new Inputs([args.file], signal);
  try {
    await dispatch(args, inputs, put, signal);
    signal.throwIfAborted();
  } catch (error) {
    file?.abort();
    throw error;
  } finally {
    inputs.end();
  }
  file?.close();
  if (args.out !== undefined) say(`${args.out}: ${HOW_TO_OPEN[args.format]}\n`);
  return EXIT.ok;
}

const HOW_TO_OPEN: Readonly<Record<ExportFormat, string>> = {
  perfetto: "open it at https://ui.perfetto.dev (it is read in your browser, not uploaded)",
  chrome: "open it at https://ui.perfetto.dev or in chrome://tracing",
  gpuvas: "as debugfs prints it; gpuvm-bench lint checks it",
  csv: "written",
  markdown: "written",
  benchstat: "compare such files with benchstat (golang.org/x/perf/cmd/benchstat)",
};

async function dispatch(args: ExportArgs, inputs: Inputs, put: Put, signal: AbortSignal): Promise<void> {
  if (args.policy !== undefined) return replayed(args, put, signal);
  const stream = await importFile(inputs.open(args.file), { file: args.file });
  const items = stream[Symbol.asyncIterator]();
  const first = await items.next();
  const all = rejoined(first.done === true ? [] : first.value, items);
  const isEvents =
    stream.format === "gpu-bo-trace" || stream.format === "trace-cmd" || stream.format === "binding-report";
  if (!isEvents) return exportDump(args, all, put);
  if (args.format === "gpuvas") {
    if (args.file === "-") throw new UsageError("a trace becomes gpuvas by a replay: give it as a file");
    await all.return(undefined);
    return replayed(args, put, signal);
  }
  return exportRequests(args, all, put);
}

/** Only a replay needs the policies. */
async function replayed(args: ExportArgs, put: Put, signal: AbortSignal): Promise<void> {
  const { exportReplay } = await import("../export/replay-export.ts");
  return exportReplay(args, put, signal);
}

async function* rejoined(
  first: readonly Imported[],
  rest: AsyncIterator<readonly Imported[]>,
): AsyncGenerator<readonly Imported[], void, undefined> {
  try {
    yield first;
    for (let next = await rest.next(); next.done !== true; next = await rest.next()) yield next.value;
  } finally {
    await rest.return?.();
  }
}

function toStdout(piece: string | Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(piece, (error) => (error ? reject(error) : resolve()));
  });
}
