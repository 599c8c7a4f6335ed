import type { Replayed } from "./replay-one.ts";
import { type RunResult, runResult } from "./results.ts";

/** Values and how often each was seen, as `Distribution.entries` gives them. */
export type Tally = readonly (readonly [value: number, count: number])[];

/** A finished replay without its machine: plain data, which one thread can send to another. */
export interface Finished {
  /** What it came to. */
  readonly result: RunResult;
  /** Locks of each submit. */
  readonly submitLocks: Tally;
  /** How long each handle close waited, in nanoseconds. */
  readonly closeWaitNs: Tally;
}

/** What is kept of a finished replay. */
export function finished(replayed: Replayed): Finished {
  const { submitLocks, closeWaitNs } = replayed.replay.machine.counts;
  return {
    result: runResult(replayed),
    submitLocks: submitLocks.entries(),
    closeWaitNs: closeWaitNs.entries(),
  };
}
