import { statSync } from "node:fs";
import { basename } from "node:path";
import type { Request } from "@gpuvm/drm-model";
import { loadTrace, plainBytes, readTrace, shippedTraces } from "@gpuvm/trace/node";
import { importTrace, sourceOf, type TraceSource } from "@gpuvm/workloads";

/** Files up to this size, in bytes as they are stored, are read once and kept. */
const KEEP_BYTES = 4 * 2 ** 20;

/**
 * Opens a trace file, or any that can be imported as one. Small ones are kept in memory, large ones are read again for each policy.
 *
 * @throws TraceError if it can't be read.
 */
export async function openTrace(path: string): Promise<TraceSource> {
  const name = basename(path);
  const foreign = await foreignSource(path, name);
  if (foreign !== undefined) return foreign;
  const bytes = statSync(path, { throwIfNoEntry: false })?.size ?? 0;
  if (bytes <= KEEP_BYTES) {
    return sourceOf(name, await loadTrace(path), path);
  }
  const stream = await readTrace(path);
  for await (const head of stream) {
    return {
      name,
      path,
      header: stream.header,
      head,
      warnings: stream.warnings,
      batches: () => reread(path),
    };
  }
  return {
    name,
    path,
    header: stream.header,
    head: [],
    warnings: stream.warnings,
    batches: () => reread(path),
  };
}

/** What is no `gpu-bo-trace` is imported, and kept: its events are few for its size. */
async function foreignSource(path: string, name: string): Promise<TraceSource | undefined> {
  const trace = await importTrace([path], plainBytes);
  if (trace.formats[0] === "gpu-bo-trace") return undefined;
  const requests: Request[] = [];
  for await (const batch of trace.batches) for (const request of batch) requests.push(request);
  return sourceOf(name, { header: trace.header, requests, warnings: [] }, path);
}

async function* reread(path: string): AsyncGenerator<readonly Request[]> {
  yield* await readTrace(path);
}

/** The traces that come with the project. */
export function shippedSources(): string[] {
  return shippedTraces().map((trace) => trace.path);
}
