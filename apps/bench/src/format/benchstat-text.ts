import type { Results } from "@gpuvm/results";
import { benchstat } from "@gpuvm/trace";

/** Counted figures that benchstat is given beside the time. */
const COUNTS = [
  ["peak_mappings", "mappings"],
  ["retained_bytes_peak", "retained-B"],
  ["ptes_written", "PTEs"],
  ["tlb_invalidations", "TLB-invalidations"],
] as const;

/** Results for Go's benchstat: one line for each timed sample, so that it can tell noise from change. */
export function benchstatText(results: Results): string {
  const config = {
    goos: results.machine.platform.split(" ")[0] ?? "",
    cpu: results.machine.cpu,
    ...results.versions,
  };
  return benchstat(
    config,
    results.runs.flatMap((run) =>
      run.timing.samples_ms.map((ms) => ({
        name: "Replay",
        keys: { trace: run.trace.replace(/\.jsonl(\.gz)?$/, ""), policy: run.subject },
        iterations: 1,
        values: {
          "ns/op": Math.round(ms * 1e6),
          ...Object.fromEntries(COUNTS.map(([key, unit]) => [unit, run[key]])),
        },
      })),
    ),
  );
}
