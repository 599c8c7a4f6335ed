import { UsageError } from "@gpuvm/drm-model";
import type { Results, RunResult } from "./results.ts";
import { timing } from "./timing.ts";

/** A result file and what it is called. */
export interface NamedResults {
  readonly name: string;
  readonly results: Results;
}

/**
 * Joins parts of one run, or runs of the same replays: what several files have must be counted alike in all of them, and
 * their samples are put together. Parts that `--shard` made come to what the whole run gives, in its order; only times are of
 * the machines that took them.
 *
 * @throws UsageError for files that were not made alike, and for parts of which one is missing
 */
export function mergeResults(parts: readonly NamedResults[]): Results {
  const [first] = parts;
  if (first === undefined) throw new UsageError("there is nothing to merge");
  const runs = new Map<string, { run: RunResult; from: string }>();
  for (const { name, results } of parts) {
    requireAlike(first, { name, results });
    for (const run of results.runs) {
      const key = replayName(run);
      const known = runs.get(key);
      if (known === undefined) runs.set(key, { run, from: name });
      else runs.set(key, { run: joined(known.run, run, `${known.from} and ${name}`), from: name });
    }
  }
  const { shard: _shard, ...options } = first.results.options;
  const { partial: _partial, whole, ...rest } = first.results;
  const partial = parts.some(({ results }) => results.partial) ? { partial: true as const } : {};
  const incomplete = [...new Set(parts.flatMap(({ results }) => results.incomplete ?? []))];
  const refusals = new Map(
    parts.flatMap(({ results }) => results.refusals ?? []).map((refusal) => [replayName(refusal), refusal]),
  );
  const made = new Set([...runs.keys(), ...refusals.keys()]);
  if (whole !== undefined && !("partial" in partial)) requireAll(whole, made, first.results.options.shard);
  const inOrder = <T>(of: ReadonlyMap<string, T>) =>
    [...new Set([...(whole ?? []), ...of.keys()])].flatMap((name) => of.get(name) ?? []);
  const lacking = {
    ...(incomplete.length === 0 ? {} : { incomplete }),
    ...(refusals.size === 0 ? {} : { refusals: inOrder(refusals) }),
  };
  return { ...rest, ...partial, ...lacking, options, runs: inOrder(runs).map(({ run }) => run) };
}

/** `TRACE on SUBJECT`. */
const replayName = ({ trace, subject }: Pick<RunResult, "trace" | "subject">) => `${trace} on ${subject}`;

/** Refuses parts that are not all that the run was split into. */
function requireAll(whole: readonly string[], made: ReadonlySet<string>, shard = "1/1"): void {
  const missing = whole.findIndex((name) => !made.has(name));
  if (missing < 0) return;
  const of = Number(shard.split("/")[1]);
  const part = `${(missing % of) + 1}/${of}`;
  throw new UsageError(`${whole[missing]} is in none of the files: make its part, with --shard ${part}`);
}

/** Options that decide what is counted. */
const DECIDING = ["audit", "lockdep", "repeat", "seed", "contiguity", "vram", "gart", "memory"] as const;

function requireAlike(a: NamedResults, b: NamedResults): void {
  for (const key of DECIDING) {
    if (a.results.options[key] !== b.results.options[key]) {
      throw new UsageError(
        `${b.name} was made with ${key} ${b.results.options[key] ?? "as by default"}, ${a.name} with ${a.results.options[key] ?? "as by default"}: they do not go together`,
      );
    }
  }
  if (JSON.stringify(a.results.whole) !== JSON.stringify(b.results.whole)) {
    throw new UsageError(
      `${b.name} and ${a.name} are parts of different runs: make all with the same traces and policies`,
    );
  }
  const version = (n: NamedResults) => n.results.versions?.["gpuvm-bench"];
  if (version(a) !== version(b)) {
    throw new UsageError(`${b.name} is of version ${version(b)}, ${a.name} of ${version(a)}`);
  }
}

function joined(a: RunResult, b: RunResult, where: string): RunResult {
  const counted = ({ timing: _timing, portrait: _portrait, ...rest }: RunResult) => JSON.stringify(rest);
  if (counted(a) !== counted(b)) {
    throw new UsageError(
      `${a.trace} on ${a.subject} was counted differently in ${where}: compare them with gpuvm-bench compare`,
    );
  }
  return { ...a, timing: timing([...a.timing.samples_ms, ...b.timing.samples_ms], a.events) };
}
