import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { type ImportOptions, type ImportStream, importFile as importBytes } from "../import/import-file.ts";
import { inputError, isGzip, UNNAMED } from "../inflate.ts";
import type { Finding } from "../lint/finding.ts";
import { lintFile as lintBytes } from "../lint/lint.ts";
import { readTraceSync as readPlainSync, type Trace } from "../load-trace.ts";
import { type ReadTraceOptions, readTrace as readBytes, type TraceStream } from "../read-trace.ts";
import { type FileSource, plainBytes, sourceName } from "./plain-bytes.ts";

/**
 * Opens a `gpu-bo-trace`, plain or gzip, by its path or in chunks, and reads it as a stream: memory doesn't grow with the
 * file. Resolves when the header has been read.
 *
 * @throws TraceError for anything that can't be read; while iterating, after all events before the damaged line.
 *
 * @example
 * ```ts
 * import { readTrace, shippedTraces } from "@gpuvm/trace/node";
 * const trace = await readTrace(shippedTraces()[0]!.path);
 * let submits = 0;
 * for await (const batch of trace) for (const r of batch) if (r.op === "submit" || r.op === "exec") submits++;
 * ```
 */
export function readTrace(source: FileSource, options: ReadTraceOptions = {}): Promise<TraceStream> {
  return readBytes(plainBytes(source), { file: options.file ?? sourceName(source) });
}

/**
 * Reads a trace, plain or gzip, from bytes in memory.
 *
 * @throws TraceError for the first thing that can't be read.
 */
export function readTraceSync(bytes: Uint8Array, options: ReadTraceOptions = {}): Trace {
  let plain: Uint8Array;
  try {
    plain = isGzip(bytes) ? gunzipSync(bytes) : bytes;
  } catch (cause) {
    throw inputError(cause, options.file ?? UNNAMED, 1);
  }
  return readPlainSync(plain, options);
}

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

/**
 * Opens a file of any format that {@link sniff} knows, by its path or in chunks, plain or gzip, and reads it as a stream.
 *
 * @throws TraceError when the format isn't known, or a line that must be understood is damaged.
 */
export function importFile(source: FileSource, options: ImportOptions = {}): Promise<ImportStream> {
  return importBytes(plainBytes(source), { ...options, file: options.file ?? sourceName(source) });
}

/**
 * Reads a file of any known format, by its path or in chunks, and gives what is wrong with it.
 *
 * @throws TraceError when the file can't be read.
 *
 * @example
 * ```ts
 * import { formatFinding, lintFile, shippedTraces } from "@gpuvm/trace/node";
 * for await (const f of lintFile(shippedTraces()[0]!.path)) console.log(formatFinding(f));
 * ```
 */
export function lintFile(
  source: FileSource,
  options: ImportOptions = {},
): AsyncGenerator<Finding, void, undefined> {
  return lintBytes(plainBytes(source), { ...options, file: options.file ?? sourceName(source) });
}
