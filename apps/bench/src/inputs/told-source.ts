import type { TraceSource } from "@gpuvm/workloads";
import { Progress } from "../cli/progress.ts";

/** The same trace, and a line on the terminal that says how far it is; the line is gone at the end of the trace. */
export function toldSource(source: TraceSource, what: string): TraceSource {
  return {
    ...source,
    batches: async function* () {
      const progress = new Progress({ total: Number.NaN, unit: "requests" });
      let requests = 0;
      progress.show(requests, what);
      try {
        for await (const batch of source.batches()) {
          yield batch;
          requests += batch.length;
          progress.show(requests, what);
        }
      } finally {
        progress.end();
      }
    },
  };
}
