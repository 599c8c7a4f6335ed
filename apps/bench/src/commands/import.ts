import { type Request, TRACE_FORMAT } from "@gpuvm/drm-model";
import { count } from "@gpuvm/results";
import { encodeTrace, type ImportFormat, plainBytes, TraceWriter } from "@gpuvm/trace/node";
import { importTrace } from "@gpuvm/workloads";
import { EXIT } from "../cli/context.ts";
import { interruptSignal } from "../cli/interrupt.ts";
import { Inputs } from "../inputs/open-input.ts";

/** The arguments of `import`. */
export interface ImportArgs {
  /** Files of any known format; `-` is standard input. */
  readonly files: readonly string[];
  /** The trace that is written, compressed if its name ends in `.gz`; none: plain, to standard output. */
  readonly out: string | undefined;
  /** The format, where it can't be told from the first lines. */
  readonly from?: ImportFormat;
}

/**
 * Makes a `gpu-bo-trace` of what people already have. Nothing is left of the output if anything goes wrong.
 *
 * @returns the exit code: 0
 */
export async function runImport(
  args: ImportArgs,
  print: (text: string) => void,
  say: (text: string) => void = (text) => void process.stderr.write(text),
): Promise<number> {
  const signal = interruptSignal();
  const inputs = new Inputs(args.files, signal);
  const trace = await importTrace(args.files, (path) => plainBytes(inputs.open(path)), args.from);
  let events = 0;
  try {
    if (args.out === undefined) {
      const bare = { format: TRACE_FORMAT, version: 1, driver: "neutral" } as const;
      const headerBytes = encodeTrace(bare, []).length;
      print(text(encodeTrace(trace.header, [])));
      for await (const batch of trace.batches) {
        events += batch.length;
        print(text(encodeTrace(bare, batch, { files: true }).subarray(headerBytes)));
      }
    } else events = await write(args.out, trace.header, trace.batches, signal);
  } finally {
    inputs.end();
  }
  const where = args.out === undefined ? "" : ` into ${args.out}`;
  say(`${[...new Set(trace.formats)].join(", ")}: ${count(events)} requests${where}\n`);
  const skipped = [...trace.skipped()].sort((a, b) => b[1] - a[1]);
  if (skipped.length > 0) {
    const shown = skipped.slice(0, 6).map(([what, n]) => `${count(n)} ${what}`);
    say(
      `passed over, as they ask nothing of a driver: ${shown.join(", ")}${skipped.length > 6 ? ", ..." : ""}\n`,
    );
  }
  if (args.out !== undefined && events > 0) say(`next: gpuvm-bench run --trace ${args.out} --details\n`);
  return EXIT.ok;
}

async function write(
  path: string,
  header: ConstructorParameters<typeof TraceWriter>[1],
  batches: AsyncIterable<readonly Request[]>,
  signal: AbortSignal,
): Promise<number> {
  const writer = new TraceWriter(path, header);
  let events = 0;
  try {
    for await (const batch of batches) {
      signal.throwIfAborted();
      await writer.write(batch);
      events += batch.length;
    }
    signal.throwIfAborted();
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await writer.close();
  return events;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
