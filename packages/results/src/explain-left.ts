import { type Job, type ReplayOptions, replayOne } from "./replay-one.ts";
import type { RunResult } from "./results.ts";

/** Replays that are made again to be explained. */
const EXPLAINED = 6;
/** Longer traces are not made again: an audit is slow. */
const EVENTS_MAX = 200_000;

/**
 * Makes replays that left something behind once more, with every holder recorded, so that the report can tell who holds
 * what was left.
 */
export async function explainLeft(
  runs: readonly RunResult[],
  jobOf: (run: RunResult) => Job | undefined,
  how: Pick<ReplayOptions, "signal" | "now" | "breathe">,
): Promise<RunResult[]> {
  let left = EXPLAINED;
  const out: RunResult[] = [];
  for (const run of runs) {
    const { portrait } = run;
    const unexplained = portrait?.left.some((object) => object.chain.length === 0) === true;
    const job = unexplained && run.events <= EVENTS_MAX && left > 0 ? jobOf(run) : undefined;
    if (portrait === undefined || job === undefined) {
      out.push(run);
      continue;
    }
    left--;
    const options = { ...how, audit: true, lockdep: false, repeat: 1, portrait: true };
    const again = await replayOne(job.source, job.subject, options);
    out.push({ ...run, portrait: { ...portrait, left: again.portrait?.left ?? [] } });
  }
  return out;
}
