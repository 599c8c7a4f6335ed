import { type Request, TRACE_FORMAT } from "@gpuvm/drm-model";
import { count } from "@gpuvm/results/units";
import { encodeTrace, type ImportFormat, plainBytes, TraceWriter } from "@gpuvm/trace/node";
import { importTrace } from "@gpuvm/workloads";
import { EXIT } from "../cli/context.ts";
import { interruptSignal } from "../cli/interrupt.ts";
import { checkOutputs } from "../cli/outputs.ts";
import { readersPace, say as toStderr } from "../cli/say.ts";
import { passedOver, sayFaults } from "../format/passed-over.ts";
import { Inputs } from "../inputs/open-input.ts";
import { tracePath } from "../inputs/trace-path.ts";

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
 * @returns the exit code: 0; 4 if events were lost or lines not understood
 */
export async function runImport(
  args: ImportArgs,
  print: (text: string) => void,
  say: (line: string) => void = toStderr,
): Promise<number> {
  const files = args.files.map(tracePath);
  checkOutputs([args.out], files);
  const signal = interruptSignal();
  const inputs = new Inputs(files, signal);
  const trace = await importTrace(files, (path) => plainBytes(inputs.open(path)), args.from);
  let events = 0;
  try {
    if (args.out === undefined) {
      const bare = { format: TRACE_FORMAT, version: 1, driver: "neutral" } as const;
      const headerBytes = encodeTrace(bare, []).length;
      const held = new HeldBack(print);
      held.write(text(encodeTrace(trace.header, [])));
      for await (const batch of trace.batches) {
        signal.throwIfAborted();
        events += batch.length;
        held.write(text(encodeTrace(bare, batch, { files: true }).subarray(headerBytes)));
        await readersPace(signal);
      }
      held.end();
    } else events = await write(args.out, trace.header, trace.batches, signal);
  } finally {
    inputs.end();
  }
  const where = args.out === undefined ? "" : ` into ${args.out}`;
  say(`${[...new Set(trace.formats)].join(", ")}: ${count(events)} requests${where}\n`);
  for (const file of files) {
    passedOver(
      file,
      trace.skipped().filter((kind) => kind.file === file),
      say,
    );
  }
  sayFaults(trace.faults(), files.join(" "), say);
  const incomplete = trace.incomplete();
  for (const words of incomplete) say(`not the whole: ${words}\n`);
  if (args.out !== undefined && events > 0) say(`next: gpuvm-bench run --trace ${args.out} --details\n`);
  return incomplete.length === 0 ? EXIT.ok : EXIT.incomplete;
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

/** Characters that wait until it is known that all is well. */
const HELD_CHARS = 8 * 2 ** 20;

/** Output that a pipe gets only when the whole input was read, as long as it is small: nothing is printed of what fails. */
class HeldBack {
  readonly #print: (text: string) => void;
  #pieces: string[] = [];
  #chars = 0;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  write(piece: string): void {
    this.#pieces.push(piece);
    this.#chars += piece.length;
    if (this.#chars > HELD_CHARS) this.end();
  }

  end(): void {
    for (const piece of this.#pieces) this.#print(piece);
    this.#pieces = [];
  }
}
