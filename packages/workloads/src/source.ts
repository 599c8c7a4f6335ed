import type { Request, TraceHeader } from "@gpuvm/drm-model";
import type { Trace, TraceWarning } from "@gpuvm/trace";

/** Requests that can be read as often as there are policies to replay them on. */
export interface TraceSource {
  /** Its file's name, or the workload's with its parameters. */
  readonly name: string;
  /** Where it is; empty for what is generated. */
  readonly path: string;
  /** The first line. */
  readonly header: TraceHeader;
  /** The first requests: enough to see which interface the program used. */
  readonly head: readonly Request[];
  /** What was odd but not wrong; complete after the first reading. */
  readonly warnings: readonly TraceWarning[];
  /**
   * Why it is not the whole of what its file tells of, in words, such as lost events; complete after the first reading.
   * Absent or empty: it is whole.
   */
  readonly incomplete?: () => readonly string[];
  /** How many GPU faults its file tells of, which no request has; complete after the first reading. Absent: none. */
  readonly faults?: () => number;
  /** Reads it from the start. */
  batches(): AsyncIterable<readonly Request[]>;
}

/** A trace in memory as a source; `path` is where it came from. */
export function sourceOf(name: string, trace: Trace, path = ""): TraceSource {
  const { header, requests, warnings } = trace;
  return {
    name,
    path,
    header,
    head: requests,
    warnings,
    batches: async function* () {
      yield requests;
    },
  };
}
