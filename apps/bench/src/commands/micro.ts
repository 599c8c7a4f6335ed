import { UsageError } from "@gpuvm/drm-model";
import { writeWhole } from "../cli/output.ts";
import { checkOutputs } from "../cli/outputs.ts";
import { growthChart, nativeChart } from "../micro/chart.ts";
import { measureCore, type OnRun } from "../micro/measure.ts";
import { resultJson, resultsTable, sumsAgree } from "../micro/micro-text.ts";
import { needPackages } from "../micro/peers/installed.ts";
import type { MicroMode } from "../micro/subject.ts";
import { CASES, type MicroCase, type Workload } from "../micro/workload.ts";

/** The arguments of `micro`. */
export interface MicroArgs {
  /** None: all. */
  readonly case: readonly MicroCase[];
  /** Numbers of mappings. */
  readonly n: readonly number[];
  readonly ops: number;
  readonly seed: number;
  readonly mode: MicroMode;
  /** One JSON object per line instead of a table. */
  readonly json: boolean;
  /** Also the full checksum. */
  readonly full: boolean;
  /** Rounds. */
  readonly runs: number;
  /** Where a chart of time against mappings goes, too. */
  readonly svg?: string;
  /** Compare with data structures from npm instead. */
  readonly peers: boolean;
  /** Compare with a yardstick in C++ that is compiled for it. */
  readonly native: boolean;
  /** Columns of the terminal; default 100. */
  readonly width?: number;
}

/**
 * Measures the core with the workloads of the micro-benchmark.
 *
 * @returns 0, or 1 if a checksum is not the documented one, or those that are compared with come to others
 */
export async function runMicro(
  args: MicroArgs,
  print: (text: string) => void,
  onRun: OnRun = () => {},
): Promise<number> {
  checkOutputs([args.svg]);
  if (args.runs < 5) throw new UsageError("--runs: at least 5, for a median that means something");
  const cases = args.case.length === 0 ? CASES : CASES.filter((c) => args.case.includes(c));
  if (args.ops % 1000 !== 0 && cases.includes("hole"))
    throw new UsageError("--ops: `hole` maps in batches of 1,000; give a multiple of that");
  const works = args.n.flatMap((n) =>
    cases.map((c): Workload => ({ case: c, n, ops: args.ops, seed: args.seed })),
  );
  if (args.peers && args.native) throw new UsageError("--peers and --native: one of them at a time");
  if (args.peers && (args.svg !== undefined || args.json || args.full || args.mode !== "ops"))
    throw new UsageError("--peers gives one table: leave out --svg, --json, --full and --mode");
  if (args.peers) {
    needPackages();
    const { measurePeers, peersTable } = await import("../micro/peers/compare-peers.ts");
    const compared = await measurePeers(works, args.runs, onRun);
    print(peersTable(compared, args.width));
    return compared.every((c) => c.agrees) ? 0 : 1;
  }
  const plan = { works, mode: args.mode, runs: args.runs, full: args.full };
  if (args.native) {
    const { measureNative } = await import("../micro/native/measure-native.ts");
    const { nativeJson, nativeTable } = await import("../micro/native/native-text.ts");
    const all = await measureNative(plan, onRun);
    if (args.svg !== undefined) writeWhole(args.svg, nativeChart(all));
    print(args.json ? nativeJson(all) : nativeTable(all, args.width));
    const equal = all.every(({ core, native }) => sumsAgree(core) !== false && native.every((r) => r.agrees));
    return equal ? 0 : 1;
  }
  const results = await measureCore(plan, onRun);
  if (args.svg !== undefined) writeWhole(args.svg, growthChart(results));
  print(args.json ? results.map((r) => `${resultJson(r)}\n`).join("") : resultsTable(results, args.width));
  return results.some((r) => sumsAgree(r) === false) ? 1 : 0;
}
