import type { NeutralRequest, Request, TraceHeader } from "@gpuvm/drm-model";
import { NEUTRAL_DRIVER, TRACE_FORMAT, TRACE_VERSION, UsageError } from "@gpuvm/drm-model";
import { type ByteSource, type ImportFormat, type ImportStream, importFile, readTrace } from "@gpuvm/trace";
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
  /** Lines that were passed over, by what they are; complete after the last batch. */
  readonly skipped: () => ReadonlyMap<string, number>;
}

/** Formats that tell what happened; the others tell how it is. */
const EVENTS: ReadonlySet<ImportFormat> = new Set(["gpu-bo-trace", "trace-cmd", "binding-report"]);

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
  const skipped = () => {
    const sum = new Map<string, number>();
    for (const stream of streams) {
      for (const [what, n] of stream.skipped) sum.set(what, (sum.get(what) ?? 0) + n);
    }
    return sum;
  };
  const [only = ""] = paths;
  if (formats.includes("gpu-bo-trace")) {
    if (paths.length > 1)
      throw new UsageError("a gpu-bo-trace is imported by itself, not together with others");
    for await (const _ of streams[0] as ImportStream) break;
    const trace = await readTrace(open(only), { file: only });
    return { formats, header: trace.header, batches: trace, skipped };
  }
  const events = formats.filter((format) => EVENTS.has(format)).length;
  if (events > 0 && events < formats.length) {
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
  const batches = events > 0 ? sideBySide(streams.map(requestsOf)) : statesOf(streams, paths);
  return { formats, header, batches, skipped };
}

async function* requestsOf(stream: ImportStream): AsyncGenerator<readonly NeutralRequest[]> {
  for await (const batch of stream) {
    const requests: NeutralRequest[] = [];
    // What importers of events give is neutral; amounts of memory between them ask nothing of a driver.
    for (const item of batch) if (item.kind === "request") requests.push(item.request as NeutralRequest);
    yield requests;
  }
}

async function* statesOf(
  streams: readonly ImportStream[],
  paths: readonly string[],
): AsyncGenerator<readonly NeutralRequest[]> {
  const requests = new StateRequests();
  for (const [i, stream] of streams.entries()) {
    const path = paths[i] as string;
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
