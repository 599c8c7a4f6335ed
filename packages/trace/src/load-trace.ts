import { readFile } from "node:fs/promises";
import type { Request, TraceHeader } from "@gpuvm/drm-model";
import { inflateSync, inputError, sourceName } from "./inflate.ts";
import { LineBlocks } from "./line-block.ts";
import type { ReadTraceOptions } from "./read-trace.ts";
import { TraceDecoder } from "./trace-decoder.ts";
import type { TraceWarning } from "./trace-error.ts";

/** A trace in memory. */
export interface Trace {
  readonly header: TraceHeader;
  readonly requests: readonly Request[];
  readonly warnings: readonly TraceWarning[];
}

/**
 * Reads a trace, plain or gzip, from bytes in memory.
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
  const file = options.file ?? "<input>";
  const decoder = new TraceDecoder(file);
  const blocks = new LineBlocks(file);
  const requests: Request[] = [];
  try {
    const plain = inflateSync(bytes);
    // In slices, so that no more than one is copied at a time.
    for (let at = 0; at < plain.length; at += SLICE_BYTES) {
      for (const block of blocks.push(plain.subarray(at, at + SLICE_BYTES))) decoder.decode(block, requests);
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
 * Reads a whole trace file.
 *
 * @throws TraceError when it can't be read.
 */
export async function loadTrace(path: string | URL, options: ReadTraceOptions = {}): Promise<Trace> {
  const file = options.file ?? sourceName(path);
  let bytes: Uint8Array;
  try {
    bytes = await readFile(path);
  } catch (cause) {
    throw inputError(cause, file, 0);
  }
  return readTraceSync(bytes, { file });
}
