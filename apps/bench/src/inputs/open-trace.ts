import { basename } from "node:path";
import type { Request } from "@gpuvm/drm-model";
import { plainBytes, readTrace, shippedTraces, type TraceWarning } from "@gpuvm/trace/node";
import { importTrace, type TraceSource } from "@gpuvm/workloads";
import { inputBytes } from "./input-bytes.ts";
import { rereadable } from "./rereadable.ts";

/** Traces of up to so many requests are read once and kept; longer ones are read again for each policy. */
const KEEP_REQUESTS = 250_000;

/** A trace that is being read. */
interface Reading {
  readonly header: TraceSource["header"];
  readonly warnings: readonly TraceWarning[];
  readonly batches: AsyncIterable<readonly Request[]>;
  readonly incomplete: () => readonly string[];
  readonly faults: () => number;
}

/**
 * Opens a trace file, or any that can be imported as one. `-` is standard input. Short ones are kept in memory; of long ones
 * no more is held than one batch, whatever their format and however well they are compressed. `called`: what messages call it.
 *
 * @throws TraceError if it can't be read.
 */
export async function openTrace(path: string, signal?: AbortSignal, called?: string): Promise<TraceSource> {
  const file = called === undefined ? await rereadable(path, signal) : { path, name: called };
  const reading = await read(file.path, file.name, signal);
  let incomplete: readonly string[] = [];
  let faults = 0;
  const kept: (readonly Request[])[] = [];
  let requests = 0;
  for await (const batch of reading.batches) {
    // One chunk of a compressed file may be many batches.
    signal?.throwIfAborted();
    kept.push(batch);
    requests += batch.length;
    if (requests > KEEP_REQUESTS) break;
  }
  const whole = requests <= KEEP_REQUESTS;
  if (whole) {
    incomplete = reading.incomplete();
    faults = reading.faults();
  }
  return {
    name: basename(file.name),
    path: file.path,
    header: reading.header,
    head: whole ? kept.flat() : (kept[0] ?? []),
    warnings: reading.warnings,
    incomplete: () => incomplete,
    faults: () => faults,
    batches: async function* () {
      if (whole) {
        yield* kept;
        return;
      }
      const again = await read(file.path, file.name, signal);
      yield* again.batches;
      incomplete = again.incomplete();
      faults = again.faults();
    },
  };
}

async function read(path: string, name: string, signal: AbortSignal | undefined): Promise<Reading> {
  const trace = await importTrace([name], () => plainBytes(inputBytes(path, signal)));
  if (trace.formats[0] !== "gpu-bo-trace") {
    return { ...trace, warnings: [] };
  }
  // Its own reader is several times as fast as the one for any format.
  const own = await readTrace(inputBytes(path, signal), { file: name });
  const incomplete = () => own.warnings.map(({ file, line, message }) => `${file}:${line}: ${message}`);
  return { header: own.header, warnings: own.warnings, batches: own, incomplete, faults: () => 0 };
}

/** The traces that come with the project. */
export function shippedSources(): string[] {
  return shippedTraces().map((trace) => trace.path);
}
