import { type MicroPlan, type MicroResult, measureCore, median, type OnRun } from "../measure.ts";
import type { Workload } from "../workload.ts";
import { compileYardstick } from "./compile.ts";
import { type NativeAnswer, STORES, type Store, Yardstick } from "./yardstick.ts";

/** A structure of the yardstick on a workload. */
export interface NativeResult {
  readonly store: Store;
  /** CPU nanoseconds per op of each run, ascending. */
  readonly ns: readonly number[];
  /** The core's median over this one's. */
  readonly ratio: number;
  /** Whether it came to the core's checksums, steps and number of mappings. */
  readonly agrees: boolean;
}

/** The core on a workload, and the yardstick beside it. */
export interface BesideNative {
  readonly core: MicroResult;
  readonly native: readonly NativeResult[];
}

/** Milliseconds of CPU time of this process, with the threads that compile and collect. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

/**
 * Measures the core and the yardstick in turns: after each run of the core each structure runs the same workload. All
 * by CPU time, so that what else the machine does counts as little as it can.
 *
 * @throws UsageError if the yardstick cannot be compiled
 */
export async function measureNative(plan: MicroPlan, onRun: OnRun): Promise<BesideNative[]> {
  const { program, remove } = await compileYardstick();
  try {
    const yardstick = new Yardstick(program);
    const answers = new Map<Workload, NativeAnswer[][]>(plan.works.map((work) => [work, []]));
    const beside = async (work: Workload): Promise<void> => {
      const turn: NativeAnswer[] = [];
      for (const store of STORES) turn.push(await yardstick.run(store, work, false));
      answers.get(work)?.push(turn);
    };
    try {
      const results = await measureCore({ ...plan, clock: cpuTime, beside }, onRun);
      const out: BesideNative[] = [];
      for (const core of results) {
        const native: NativeResult[] = [];
        for (const [i, store] of STORES.entries()) {
          const runs = (answers.get(core.work) ?? []).map((turn) => turn[i] as NativeAnswer);
          if (plan.full) runs.push(await yardstick.run(store, core.work, true));
          native.push(compared(core, store, runs));
        }
        out.push({ core, native });
      }
      return out;
    } finally {
      await yardstick.end();
    }
  } finally {
    remove();
  }
}

function compared(core: MicroResult, store: Store, runs: readonly NativeAnswer[]): NativeResult {
  // The run for the full checksum is not a timed one.
  const ns = runs
    .filter((run) => run.full === undefined)
    .map((run) => run.nsPerOp)
    .sort((a, b) => a - b);
  const agrees = runs.every(
    (run) =>
      run.checksum === core.checksum &&
      run.steps === core.steps &&
      run.live === core.live &&
      (run.full === undefined || run.full === core.full),
  );
  return { store, ns, ratio: median(core.ns) / median(ns), agrees };
}
