import type { Request, TraceHeader } from "@gpuvm/drm-model";
import { type ByteSource, inflate, inputError, UNNAMED } from "./inflate.ts";
import { LineBlocks } from "./line-block.ts";
import { TraceDecoder } from "./trace-decoder.ts";
import type { TraceWarning } from "./trace-error.ts";

/** Options of the readers. */
export interface ReadTraceOptions {
  /** What to call the input in messages; by default its path, or `<input>`. */
  readonly file?: string;
}

/** A trace that is being read. Iterate it once: each step gives a batch of up to 4096 events. */
export interface TraceStream extends AsyncIterable<readonly Request[]> {
  readonly header: TraceHeader;
  /** Filled when the last batch has been given. */
  readonly warnings: readonly TraceWarning[];
}

/**
 * Reads the bytes of a `gpu-bo-trace`, plain or gzip (of one member), as a stream: memory doesn't grow with them. Resolves
 * when the header has been read.
 *
 * @throws TraceError for anything that can't be read; while iterating, after all events before the damaged line.
 *
 * @example
 * ```ts
 * import { readTrace } from "@gpuvm/trace";
 * const file = new Blob(['{"format":"gpu-bo-trace","version":1,"driver":"msm"}\n{"t":0,"op":"close"}\n']);
 * let events = 0;
 * for await (const batch of await readTrace(file.stream())) events += batch.length;
 * console.assert(events === 1);
 * ```
 */
export async function readTrace(source: ByteSource, options: ReadTraceOptions = {}): Promise<TraceStream> {
  const file = options.file ?? UNNAMED;
  const decoder = new TraceDecoder(file);
  const warnings: TraceWarning[] = [];
  const batches = decodeBatches(source, file, decoder, warnings);
  // The first batch is read ahead: the header comes with it.
  const first = await batches.next();
  const header = decoder.header as TraceHeader;
  return {
    header,
    warnings,
    async *[Symbol.asyncIterator]() {
      if (first.done === true) return;
      try {
        if (first.value.length > 0) yield first.value;
        yield* batches;
      } finally {
        await batches.return();
      }
    },
  };
}

async function* decodeBatches(
  source: ByteSource,
  file: string,
  decoder: TraceDecoder,
  warnings: TraceWarning[],
): AsyncGenerator<readonly Request[], void, undefined> {
  const blocks = new LineBlocks(file);
  const chunks = inflate(source);
  let announced = false;
  try {
    for (let last = false; !last; ) {
      const next = await chunks.next();
      last = next.done === true;
      for (const block of next.done === true ? blocks.finish() : blocks.push(next.value)) {
        const batch: Request[] = [];
        let failure: unknown;
        try {
          decoder.decode(block, batch);
        } catch (cause) {
          failure = cause;
        }
        if (decoder.header === undefined) {
          if (failure !== undefined) throw failure;
          continue;
        }
        // Empty when the block held nothing but the header: readTrace waits for that. What stands before a damaged
        // line is handed over before the error is.
        if (batch.length > 0 || !announced) yield batch;
        announced = true;
        if (failure !== undefined) throw failure;
      }
    }
    warnings.push(...decoder.finish(blocks.line - 1));
  } catch (cause) {
    throw inputError(cause, file, Math.max(1, blocks.line - 1));
  } finally {
    await chunks.return();
  }
}
