import type { Request, TraceHeader } from "@gpuvm/drm-model";
import { type ByteSource, concat, inflate, inputError, isGzip, UNNAMED } from "./inflate.ts";
import { LineBlocks } from "./line-block.ts";
import type { ReadTraceOptions } from "./read-trace.ts";
import { TraceDecoder } from "./trace-decoder.ts";
import { TraceError, type TraceWarning } from "./trace-error.ts";

/** A trace in memory. */
export interface Trace {
  readonly header: TraceHeader;
  readonly requests: readonly Request[];
  readonly warnings: readonly TraceWarning[];
}

/**
 * Reads a trace from bytes in memory that are not compressed; {@link loadTrace} takes gzip, too.
 *
 * @throws TraceError for the first thing that can't be read.
 *
 * @example
 * ```ts
 * import { readTraceSync } from "@gpuvm/trace";
 * const text = '{"format":"gpu-bo-trace","version":1,"driver":"msm"}\n{"t":0,"op":"close"}\n';
 * readTraceSync(new TextEncoder().encode(text)).requests; // [{ t: 0, f: 0, op: "close" }]
 * ```
 */
export function readTraceSync(bytes: Uint8Array, options: ReadTraceOptions = {}): Trace {
  const file = options.file ?? UNNAMED;
  if (isGzip(bytes)) {
    const hint = "use loadTrace or readTrace";
    throw new TraceError({ file, line: 0, reason: "gzip data can't be read in one go here", hint });
  }
  const decoder = new TraceDecoder(file);
  const blocks = new LineBlocks(file);
  const requests: Request[] = [];
  try {
    // In slices, so that no more than one is copied at a time.
    for (let at = 0; at < bytes.length; at += SLICE_BYTES) {
      for (const block of blocks.push(bytes.subarray(at, at + SLICE_BYTES))) decoder.decode(block, requests);
    }
    for (const block of blocks.finish()) decoder.decode(block, requests);
    const warnings = decoder.finish(blocks.line - 1);
    return { header: decoder.header as TraceHeader, requests, warnings };
  } catch (cause) {
    throw inputError(cause, file, Math.max(1, blocks.line - 1));
  }
}

const SLICE_BYTES = 256 * 1024;

/**
 * Reads a whole trace, plain or gzip (of one member), into memory.
 *
 * @throws TraceError when it can't be read.
 */
export async function loadTrace(source: ByteSource, options: ReadTraceOptions = {}): Promise<Trace> {
  const file = options.file ?? UNNAMED;
  const chunks: Uint8Array[] = [];
  try {
    for await (const chunk of inflate(source)) chunks.push(chunk);
  } catch (cause) {
    throw inputError(cause, file, 0);
  }
  return readTraceSync(concat(chunks), { file });
}
