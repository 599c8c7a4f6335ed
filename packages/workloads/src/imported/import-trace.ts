import type { NeutralRequest, Request, TraceHeader } from "@gpuvm/drm-model";
import { NEUTRAL_DRIVER, TRACE_FORMAT, TRACE_VERSION, UsageError } from "@gpuvm/drm-model";
import {
  type ByteSource,
  type ImportFormat,
  type ImportStream,
  importFile,
  type PassedOver,
  Shortfall,
  tellsEvents,
} from "@gpuvm/trace";
import { sideBySide } from "./side-by-side.ts";
import { StateBuilder } from "./snapshot-state.ts";
import { StateRequests } from "./state-requests.ts";

/** Where a file's bytes come from. */
export type Open = (path: string) => ByteSource;

/** A trace made of files of any known format. Iterate it once. */
export interface ImportedTrace {
  /** What the files were. */
  readonly formats: readonly ImportFormat[];
  /** The header that the trace gets. */
  readonly header: TraceHeader;
  /** The requests. */
  readonly batches: AsyncIterable<readonly Request[]>;
  /** What was passed over, by kind and file; complete after the last batch. */
  readonly skipped: () => readonly (PassedOver & { readonly file: string })[];
  /** How many GPU faults the files tell of, which no request has; complete after the last batch. */
  readonly faults: () => number;
  /** Why the trace is not the whole of what the files tell of, in words; empty: it is. Complete after the last batch. */
  readonly incomplete: () => readonly string[];
}

/**
 * Opens files as one trace. One `gpu-bo-trace` is taken as it is. Files of events are clients side by side; files of
 * states are the same machine, dumped again and again, in the order given. `from` is their format, where it can't be
 * told from the first lines.
 *
 * @throws TraceError for a file that can't be read
 * @throws UsageError for files that don't go together
 */
export async function importTrace(
  paths: readonly string[],
  open: Open,
  from?: ImportFormat,
): Promise<ImportedTrace> {
  const streams: ImportStream[] = [];
  for (const path of paths) {
    streams.push(
      await importFile(open(path), { file: path, ...(from === undefined ? {} : { format: from }) }),
    );
  }
  const formats = streams.map((stream) => stream.format);
  const shortfalls = streams.map(() => new Shortfall());
  const skipped = () =>
    streams.flatMap((stream, i) =>
      [...stream.skipped.values()].map((kind) => ({ ...kind, file: paths[i] as string })),
    );
  const incomplete = () =>
    streams.flatMap((stream, i) =>
      (shortfalls[i] as Shortfall).words(stream.skipped).map((words) => `${paths[i]}: ${words}`),
    );
  const faults = () => shortfalls.reduce((sum, of) => sum + of.faults, 0);
  if (formats.includes("gpu-bo-trace")) {
    if (paths.length > 1)
      throw new UsageError("a gpu-bo-trace is imported by itself, not together with others");
    const [stream] = streams as [ImportStream];
    const { header } = stream;
    if (header !== undefined) {
      const batches = requestsOf(stream, new Shortfall());
      return { formats, header, batches, skipped, faults, incomplete };
    }
  }
  const telling = formats.filter((format) => format !== "dmesg");
  if (telling.length === 0) {
    throw new UsageError(
      `${paths.join(", ")}: a kernel log asks nothing of a driver; see what it says of faults with: gpuvm-bench lint TRACE ${paths[0]}`,
    );
  }
  const events = telling.filter(tellsEvents).length;
  if (events > 0 && events < telling.length) {
    throw new UsageError(
      `events and states don't go together: ${paths.map((p, i) => `${p} is ${formats[i]}`).join(", ")}`,
    );
  }
  const header: TraceHeader = {
    format: TRACE_FORMAT,
    version: TRACE_VERSION,
    driver: NEUTRAL_DRIVER,
    program: paths.map((path) => nameOf(path)).join(" + "),
    capturedWith: "imported; each submit is taken to be done after 1000 us of simulated GPU time",
    description: `imported from ${[...new Set(formats)].join(", ")}`,
  };
  const batches =
    events > 0
      ? asking(paths, sideBySide(streams.map((stream, i) => requestsOf(stream, shortfalls[i] as Shortfall))))
      : statesOf(streams, paths, () => shortfalls[0]?.fault());
  return { formats, header, batches, skipped, faults, incomplete };
}

/** Refuses files that only tell amounts or faults: a trace of nothing would pass every check. */
async function* asking(
  paths: readonly string[],
  batches: AsyncIterable<readonly Request[]>,
): AsyncGenerator<readonly Request[]> {
  let asked = false;
  for await (const batch of batches) {
    asked ||= batch.length > 0;
    yield batch;
  }
  if (!asked) {
    throw new UsageError(
      `${paths.join(", ")}: nothing in it asks anything of a driver, so there is nothing to replay; see what it tells with: gpuvm-bench export ${paths[0]} --format csv`,
    );
  }
}

async function* requestsOf(
  stream: ImportStream,
  shortfall: Shortfall,
): AsyncGenerator<readonly NeutralRequest[]> {
  for await (const batch of stream) {
    const requests: NeutralRequest[] = [];
    // What importers of events give is neutral; amounts of memory between them ask nothing of a driver.
    for (const item of batch) {
      if (item.kind === "request") requests.push(item.request as NeutralRequest);
      else if (item.kind === "loss") shortfall.lost(item);
      else if (item.kind === "fault") shortfall.fault();
    }
    yield requests;
  }
}

async function* statesOf(
  streams: readonly ImportStream[],
  paths: readonly string[],
  faulted: () => void,
): AsyncGenerator<readonly NeutralRequest[]> {
  const requests = new StateRequests();
  for (const [i, stream] of streams.entries()) {
    const path = paths[i] as string;
    if (stream.format === "dmesg") {
      // It tells of faults, not of a state.
      for await (const batch of stream) for (const item of batch) if (item.kind === "fault") faulted();
      continue;
    }
    const state = new StateBuilder(path);
    for await (const batch of stream) {
      for (const item of batch) if (item.kind === "snapshot") state.push(item.snapshot, item.line);
    }
    const finished = state.finish();
    if (finished.spaces.size === 0 && finished.sizes.size === 0) {
      throw new UsageError(
        `${path}: ${stream.format} tells amounts but names no buffer or mapping, so there is nothing to replay; see it with: gpuvm-bench export ${path} --format csv`,
      );
    }
    yield requests.next(finished);
  }
  yield [requests.end()];
}

/** A file's name without its folders. */
function nameOf(path: string): string {
  return path.split(/[/\\]/).at(-1) ?? path;
}
