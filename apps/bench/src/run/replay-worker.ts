import { type Subject, subjectNamed } from "@gpuvm/drivers";
import { CannotHold, type Finished, finished, type Refusal, type ReplayOptions } from "@gpuvm/results";
import type { TraceSource } from "@gpuvm/workloads";
import { saysAll } from "../cli/user-error.ts";
import { knowOutside } from "../inputs/outside-policy.ts";
import { openOrigin, type PlannedJob } from "./plan.ts";
import { replayOne } from "./replay.ts";

/** How a replay is made, in what can be sent to another thread. */
export type ReplayHow = Pick<
  ReplayOptions,
  "audit" | "lockdep" | "repeat" | "contiguity" | "vram" | "gart" | "memory" | "maxBuffers" | "portrait"
>;

/** A replay that is asked for. */
export interface ReplayOrder {
  readonly origin: PlannedJob["origin"];
  /** `DRIVER:VARIANT`. */
  readonly policy: string;
  readonly boOwnership: Subject["boOwnership"];
  /** Modules of policies that do not ship. */
  readonly outside: readonly string[];
  readonly how: ReplayHow;
}

/** What came of a replay. */
export interface Outcome {
  /** What it came to, or why the subject could not hold the trace. */
  readonly result: Finished | Refusal;
  /** What is missing of the trace. */
  readonly incomplete: readonly string[];
  /** GPU faults that its file tells of. */
  readonly faults: number;
}

/** An error that is told by its message: one that is sent to another thread loses its class. */
export interface Failure {
  readonly failure: string;
}

/** Makes a replay, unless its trace is more than its subject can hold. */
export async function outcomeOf(
  source: TraceSource,
  subject: Subject,
  how: ReplayHow & Pick<ReplayOptions, "onProgress" | "signal">,
): Promise<Outcome> {
  const rest = () => ({ incomplete: source.incomplete?.() ?? [], faults: source.faults?.() ?? 0 });
  try {
    return { result: finished(await replayOne(source, subject, how)), ...rest() };
  } catch (error) {
    // One policy's limit is no reason to lose what the others say.
    if (!(error instanceof CannotHold)) throw error;
    const { trace, subject, why } = error;
    return { result: { trace, subject, why }, ...rest() };
  }
}

/** The trace that was replayed last: the next replay is of the same, as a rule. */
let last: { readonly key: string; readonly source: TraceSource } | null = null;

async function sourceOf(origin: PlannedJob["origin"]): Promise<TraceSource> {
  const key = JSON.stringify(origin);
  if (last?.key !== key) {
    last = null;
    last = { key, source: await openOrigin(origin) };
  }
  return last.source;
}

/**
 * Runs in a worker thread.
 *
 * @public the pool calls it
 */
export default async function work(order: ReplayOrder): Promise<Outcome | Failure> {
  try {
    await knowOutside(order.outside);
    const subject = { ...subjectNamed(order.policy), boOwnership: order.boOwnership };
    return await outcomeOf(await sourceOf(order.origin), subject, order.how);
  } catch (error) {
    if (!saysAll(error)) throw error;
    return { failure: error.message };
  }
}
