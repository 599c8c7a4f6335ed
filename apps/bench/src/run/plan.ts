import { realpathSync } from "node:fs";
import { type Subject, subjectName } from "@gpuvm/drivers";
import { UsageError } from "@gpuvm/drm-model";
import type { Job } from "@gpuvm/results";
import type { TraceSource } from "@gpuvm/workloads";
import { openWorkload } from "@gpuvm/workloads";
import { STDIN } from "../inputs/input-bytes.ts";
import { openTrace, shippedSources } from "../inputs/open-trace.ts";
import { tracePath } from "../inputs/trace-path.ts";

/** What chooses replays. */
export interface Choice {
  /** Trace files. */
  readonly trace: readonly string[];
  /** `NAME[:key=value,...]`. Without any and without traces: the shipped traces. */
  readonly workload: readonly string[];
  /** Seed of the workloads. */
  readonly seed: number;
  /** Only replays whose `TRACE on SUBJECT` matches. */
  readonly filter: RegExp | undefined;
  /** Only every n-th replay, from the i-th. */
  readonly shard: Shard | undefined;
}

/** Where the requests of a replay come from, in words that can be sent to another thread. */
export type Origin =
  | {
      readonly kind: "trace";
      readonly path: string;
      /** What messages call the file. */
      readonly called: string;
      /** What results call it. */
      readonly name: string;
    }
  | { readonly kind: "workload"; readonly spec: string; readonly seed: number };

/** A replay of a plan. */
export interface PlannedJob extends Job {
  readonly origin: Origin;
}

/** `i/n`: one of n parts. */
export interface Shard {
  readonly index: number;
  readonly of: number;
}

/**
 * The replays of the whole run, trace by trace: the same choice gives the same list everywhere, so that its parts fit
 * together.
 */
export async function plan(
  choice: Choice,
  subjects: readonly Subject[],
  signal?: AbortSignal,
): Promise<PlannedJob[]> {
  const none = choice.trace.length === 0 && choice.workload.length === 0;
  const paths = none ? shippedSources() : distinct(choice.trace.map(tracePath));
  const sources: TraceSource[] = [];
  for (const path of paths) sources.push(await openTrace(path, signal));
  tellApart(sources);
  const specs = [...new Set(choice.workload)];
  const origins = [
    ...sources.map(({ name, path }, i): Origin => {
      const given = paths[i] as string;
      return { kind: "trace", path, called: given === STDIN ? "standard input" : given, name };
    }),
    ...specs.map((spec): Origin => ({ kind: "workload", spec, seed: choice.seed })),
  ];
  sources.push(...specs.map((spec) => openWorkload(spec, choice.seed)));
  const jobs = sources.flatMap((source, i) =>
    subjects.map((subject): PlannedJob => ({ source, subject, origin: origins[i] as Origin })),
  );
  const { filter } = choice;
  const chosen = filter === undefined ? jobs : jobs.filter((job) => filter.test(jobName(job)));
  if (chosen.length === 0) {
    const names = jobs.slice(0, 3).map(jobName).join(", ");
    throw new UsageError(
      `--filter ${filter?.source} leaves nothing to replay; it is held against such as: ${names}`,
    );
  }
  return chosen;
}

/** The replays of one part. */
export function partOfPlan(jobs: readonly PlannedJob[], shard: Shard | undefined): readonly PlannedJob[] {
  return shard === undefined ? jobs : jobs.filter((_, i) => i % shard.of === shard.index - 1);
}

/** Opens what a job of another thread's plan came from. */
export async function openOrigin(origin: Origin): Promise<TraceSource> {
  if (origin.kind === "workload") return openWorkload(origin.spec, origin.seed);
  return { ...(await openTrace(origin.path, undefined, origin.called)), name: origin.name };
}

/** Each file once, however often and by whatever path it was named. */
function distinct(paths: readonly string[]): readonly string[] {
  const placeOf = (path: string) => (path === STDIN ? path : realpathSync(path));
  return [...new Map(paths.map((path) => [placeOf(path), path])).values()];
}

/** Files of one name from several folders are called by their paths. */
function tellApart(sources: TraceSource[]): void {
  for (const { name } of [...sources]) {
    const alike = sources.flatMap((source, i) => (source.name === name ? [i] : []));
    if (alike.length < 2) continue;
    for (const i of alike) {
      const source = sources[i] as TraceSource;
      sources[i] = { ...source, name: source.path };
    }
  }
}

/** `TRACE on SUBJECT`: what `--filter` is held against. */
export function jobName({ source, subject }: Job): string {
  return `${source.name} on ${subjectName(subject)}`;
}
