import type { Comparison } from "@gpuvm/results";
import { breathe, Interrupted } from "../cli/interrupt.ts";
import { Progress } from "../cli/progress.ts";
import { room } from "../cli/room.ts";
import { jobName, type PlannedJob } from "./plan.ts";
import { ReplayPool } from "./replay-pool.ts";
import { type Outcome, outcomeOf, type ReplayHow } from "./replay-worker.ts";

/** How all replays are made. */
export interface ReplayAllHow extends ReplayHow {
  /** How often each. */
  readonly samples: number;
  /** How many at a time. */
  readonly workers: number;
}

/** What came of all but results. */
export interface ReplayedAll {
  /** The user had enough before all were made. */
  readonly interrupted: boolean;
  /** GPU faults that a file tells of, by its path. */
  readonly faults: ReadonlyMap<string, number>;
}

/**
 * Makes all replays of a plan. What is finished goes into the comparison in the plan's order, however many are made at a time.
 * Rounds, not runs of the same replay: whatever slows the machine down for a while slows all of them.
 */
export async function replayAll(
  jobs: readonly PlannedJob[],
  comparison: Comparison,
  { samples, workers, ...how }: ReplayAllHow,
  signal: AbortSignal,
): Promise<ReplayedAll> {
  const progress = new Progress({ total: jobs.length * samples, unit: "replays" });
  const faults = new Map<string, number>();
  let done = 0;
  const take = (job: PlannedJob, { result, incomplete, faults: told }: Outcome): void => {
    if ("why" in result) comparison.refuse(result);
    else comparison.take(result);
    for (const words of incomplete) comparison.lacks(words);
    faults.set(job.source.path, told);
  };
  const here = (job: PlannedJob, portrait: boolean): Promise<Outcome> => {
    const what = jobName(job);
    const onProgress = (events: number) => {
      room.check();
      progress.show(done, `${what}, ${events} events`);
    };
    return outcomeOf(job.source, job.subject, { ...how, portrait, onProgress, signal });
  };
  let pool: ReplayPool | undefined;
  try {
    if (workers > 1) pool = await ReplayPool.start(Math.min(workers, jobs.length));
    for (let round = 0; round < samples; round++) {
      const portrait = how.portrait === true && round === 0;
      const finish = (job: PlannedJob, outcome: Outcome): Outcome => {
        progress.show(++done, jobName(job));
        return outcome;
      };
      if (pool === undefined) {
        for (const job of jobs) {
          take(job, finish(job, await here(job, portrait)));
          await breathe();
          signal.throwIfAborted();
        }
      } else {
        const threads = pool;
        const run = async (job: PlannedJob) => finish(job, await threads.run(job, { ...how, portrait }));
        await inOrder(jobs, run, take, signal);
      }
    }
    return { interrupted: false, faults };
  } catch (error) {
    if (!(error instanceof Interrupted)) throw error;
    return { interrupted: true, faults };
  } finally {
    await pool?.end();
    progress.end();
  }
}

/** Starts all at once, and takes what they come to in their order; interrupted, also what came to its end out of turn. */
async function inOrder<J, T>(
  jobs: readonly J[],
  run: (job: J) => Promise<T>,
  take: (job: J, result: T) => void,
  signal: AbortSignal,
): Promise<void> {
  const aborted = new Promise<never>((_, reject) => {
    const abort = () => reject(signal.reason as Error);
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
  const results: ({ readonly result: T } | undefined)[] = [];
  const runs = jobs.map(async (job, i) => {
    results[i] = { result: await run(job) };
  });
  // Those behind the first that fails are not waited for.
  for (const one of runs) one.catch(() => {});
  aborted.catch(() => {});
  let taken = 0;
  const takeNext = () => {
    const one = results[taken];
    if (one !== undefined) take(jobs[taken] as J, one.result);
    taken++;
  };
  try {
    for (const one of runs) {
      await Promise.race([one, aborted]);
      takeNext();
    }
  } catch (error) {
    if (signal.aborted) while (taken < jobs.length) takeNext();
    throw error;
  }
}
