import { existsSync, mkdirSync } from "node:fs";
import { dirname, join, parse } from "node:path";
import { DRIVERS, type OwnershipChoice, type Subject, subjectName, subjects } from "@gpuvm/drivers";
import { UsageError } from "@gpuvm/drm-model";
import {
  Comparison,
  compareResults,
  explainLeft,
  type Results,
  type RunResult,
  resultsText,
} from "@gpuvm/results";
import { EXIT } from "../cli/context.ts";
import { interruptSignal } from "../cli/interrupt.ts";
import { terminalWidth, wantsColour, writeWhole } from "../cli/output.ts";
import { checkOutputs } from "../cli/outputs.ts";
import { say as toStderr } from "../cli/say.ts";
import { benchstatText } from "../format/benchstat-text.ts";
import { comparisonMarkdown, comparisonText } from "../format/comparison-text.ts";
import { detailsText, runsCsv } from "../format/details.ts";
import { sayFaults } from "../format/passed-over.ts";
import { baselinePath, loadBaseline, RESULTS_DIR, saveBaseline } from "../run/baselines.ts";
import { resultsHere } from "../run/made-with.ts";
import { type Choice, jobName, partOfPlan, plan } from "../run/plan.ts";
import { HERE } from "../run/replay.ts";
import { replayAll } from "../run/replay-all.ts";
import { compareText } from "./compare.ts";

/** What `run` prints. */
export type RunFormat = "table" | "json" | "markdown" | "csv" | "benchstat";

/** The arguments of `run`. */
export interface RunArgs extends Partial<Choice> {
  /** Trace files; without them and without workloads: the shipped traces. */
  readonly trace: readonly string[];
  /** `DRIVER[:VARIANT]`; none: every driver's default. */
  readonly policy: readonly string[];
  /** Whose ownership the VMs have. */
  readonly ownership: OwnershipChoice;
  /** What is printed. */
  readonly format: RunFormat;
  /** Also prints a table for each trace. */
  readonly details: boolean;
  /** Writes what would be printed into a file. */
  readonly out: string | undefined;
  /** Writes the HTML report there. */
  readonly report?: string | undefined;
  /** The policy that times are given relative to. */
  readonly reference?: string | undefined;
  /** Keeps the results under this name. */
  readonly saveBaseline?: string | undefined;
  /** Compares with the results kept under this name. */
  readonly baseline?: string | undefined;
  /** Share below which a difference from the baseline does not count. */
  readonly threshold?: number;
  /** Answers 3 if something got worse than the baseline. */
  readonly failOnRegression?: boolean;
  /** Records every holder of every reference. */
  readonly audit: boolean;
  /** Checks the locking rules. */
  readonly lockdep: boolean;
  /** How the memory of buffers lies of which the trace says nothing, in bytes of each contiguous piece. */
  readonly contiguity?: number | undefined;
  /** Memory of the device's own, in bytes; default: as with each driver. */
  readonly vram?: number | undefined;
  /** Memory of the host's that the GPU reaches at a time, in bytes; default: all. */
  readonly gart?: number | undefined;
  /** Memory of the host's that buffers may have, in bytes; default: as much as they want. */
  readonly memory?: number | undefined;
  /** How often each trace is replayed on the same machine. */
  readonly repeat: number;
  /** Buffers that may be open at once; default: 500,000. */
  readonly maxBuffers?: number;
  /** How often each replay is timed, in interleaved rounds. */
  readonly samples: number;
  /** How many replays are made at a time; default: one. */
  readonly workers?: number;
}

const NO_CHOICE: Choice = { trace: [], workload: [], seed: 1, filter: undefined, shard: undefined };

/** Positional words are traces, or policies where that is what they name. */
export function sortWords(words: readonly string[], args: RunArgs): RunArgs {
  const isPolicy = (word: string) =>
    !existsSync(word) && DRIVERS.some((d) => d.name === word.split(":", 1)[0]);
  return {
    ...args,
    trace: [...args.trace, ...words.filter((word) => !isPolicy(word))],
    policy: [...args.policy, ...words.filter(isPolicy)],
  };
}

/**
 * Replays traces on policies and compares them. Interrupted, it gives what is finished.
 *
 * @returns the exit code: 0; 1 if something was left behind or a hazard was met in any column; 3 with a
 * baseline, if asked, where something got worse; 4 if it is not of the whole trace: events lost, lines not understood,
 * requests refused, or more than a policy can hold; 130 if it was interrupted
 */
export async function runRun(
  args: RunArgs,
  print: (text: string) => void,
  say: (line: string) => void = toStderr,
): Promise<number> {
  const signal = interruptSignal();
  if (args.failOnRegression === true && args.baseline === undefined)
    throw new UsageError("--fail-on regression: worse than what? Give --baseline NAME");
  if (args.saveBaseline !== undefined) baselinePath(args.saveBaseline);
  checkOutputs([args.out, args.report], args.trace);
  const chosen = distinct(subjects(args.policy, args.ownership));
  const reference = args.reference === undefined ? undefined : subjects([args.reference], "native")[0];
  const columns =
    reference === undefined || chosen.some((s) => subjectName(s) === subjectName(reference))
      ? chosen
      : [reference, ...chosen];
  const before = args.baseline === undefined ? undefined : await loadBaseline(args.baseline);
  const all = await plan({ ...NO_CHOICE, ...args }, columns, signal);
  const jobs = partOfPlan(all, args.shard);
  const main = isMainJob(args);
  const portrait =
    main || args.report !== undefined || args.format === "json" || args.saveBaseline !== undefined;
  const comparison = new Comparison(columns, reference === undefined ? undefined : subjectName(reference));
  const { audit, lockdep, repeat, contiguity, vram, gart, memory, maxBuffers, samples } = args;
  const how = { audit, lockdep, repeat, contiguity, vram, gart, memory, samples, portrait };
  const { interrupted, faults } = await replayAll(
    jobs,
    comparison,
    { ...how, workers: args.workers ?? 1, ...(maxBuffers === undefined ? {} : { maxBuffers }) },
    signal,
  );
  if (interrupted) {
    say(
      `interrupted: ${comparison.runs.length} of ${jobs.length} replays were finished; what follows is of those\n`,
    );
    if (comparison.runs.length === 0) return EXIT.interrupted;
  }
  const find = (run: RunResult) =>
    jobs.find((job) => job.source.name === run.trace && subjectName(job.subject) === run.subject);
  const runs =
    portrait && !interrupted && !args.audit
      ? await explainLeft(comparison.runs, find, { ...HERE, signal })
      : comparison.runs;
  const { incomplete, refusals } = comparison;
  for (const [path, n] of faults) sayFaults(n, path, say);
  for (const words of incomplete) say(`not the whole: ${words}\n`);
  for (const { trace, subject, why } of refusals) say(`${subject} cannot hold ${trace}: ${why}\n`);
  const results: Results = {
    ...resultsFor(runs, args, interrupted),
    ...(incomplete.length === 0 ? {} : { incomplete }),
    ...(refusals.length === 0 ? {} : { refusals }),
    ...(args.shard === undefined ? {} : { whole: all.map(jobName) }),
  };
  const text = render(comparison, results, args);
  if (args.out === undefined) print(text);
  else writeWhole(interrupted ? partialPath(args.out, say) : args.out, text);
  await save(results, args, main, say);
  if (args.saveBaseline !== undefined && !interrupted) {
    say(`baseline kept: ${saveBaseline(args.saveBaseline, results)}\n`);
  }
  let regressed = false;
  if (before !== undefined) {
    const { threshold = 0.01 } = args;
    const difference = compareResults(before, results, threshold);
    regressed = difference.differences.some((d) => d.verdict === "worse");
    const labels = {
      before: `baseline ${args.baseline}`,
      after: "this run",
      all: false,
      format: "table",
    } as const;
    const words = compareText(difference, { ...labels, threshold, width: terminalWidth() });
    if (args.format === "table") print(`\n${words}`);
    else for (const line of words.trimEnd().split("\n")) say(line);
  }
  if (interrupted) return EXIT.interrupted;
  if (regressed && args.failOnRegression) return EXIT.regression;
  const bad = runs.some(
    (run) => run.hazards > 0 || run.left_at_device_close.bos > 0 || run.left_at_device_close.vms > 0,
  );
  if (bad) return EXIT.violated;
  return isWhole(comparison) ? EXIT.ok : EXIT.incomplete;
}

/** Each once, however often it was named. */
function distinct(all: readonly Subject[]): Subject[] {
  return [...new Map(all.map((subject) => [subjectName(subject), subject])).values()];
}

/** Whether everything was replayed, and nothing refused. */
function isWhole({ runs, refusals, incomplete }: Comparison): boolean {
  return refusals.length === 0 && incomplete.length === 0 && runs.every((run) => run.errors === 0);
}

/** Everything left to its default: the comparison that a newcomer asks for. */
function isMainJob(args: RunArgs): boolean {
  const chosen = [args.trace, args.workload ?? [], args.policy].some((list) => list.length > 0);
  const asked = [args.out, args.report, args.filter, args.shard].some((option) => option !== undefined);
  return !chosen && !asked && args.format === "table";
}

function resultsFor(runs: readonly RunResult[], args: RunArgs, interrupted: boolean): Results {
  const {
    audit,
    lockdep,
    repeat,
    samples,
    contiguity,
    vram,
    gart,
    memory,
    shard,
    filter,
    seed,
    workload = [],
    workers = 1,
  } = args;
  const options = {
    audit,
    lockdep,
    repeat,
    samples,
    ...(contiguity === undefined
      ? {}
      : { contiguity: Number.isFinite(contiguity) ? contiguity : ("whole" as const) }),
    ...(vram === undefined ? {} : { vram }),
    ...(gart === undefined ? {} : { gart }),
    ...(memory === undefined ? {} : { memory }),
    ...(seed === undefined || workload.length === 0 ? {} : { seed }),
    ...(shard === undefined ? {} : { shard: `${shard.index}/${shard.of}` }),
    ...(filter === undefined ? {} : { filter: filter.source }),
    ...(workers === 1 ? {} : { workers }),
  };
  return { ...resultsHere(runs, options), ...(interrupted ? { partial: true } : {}) };
}

/** Where a part of the results goes: beside a whole one that is there already, never over it. */
function partialPath(path: string, say: (text: string) => void): string {
  if (!existsSync(path)) return path;
  const { dir, name, ext } = parse(path);
  const beside = join(dir, `${name}.partial${ext}`);
  say(`${path} stays as it is; what is finished goes to ${beside}\n`);
  return beside;
}

/** The files that go with what is printed. */
async function save(
  results: Results,
  args: RunArgs,
  main: boolean,
  say: (text: string) => void,
): Promise<void> {
  const whole = args.report ?? (main ? join(RESULTS_DIR, "report.html") : undefined);
  if (whole === undefined) return;
  const kept = (file: string) => (results.partial === true ? partialPath(file, () => {}) : file);
  const path = kept(whole);
  const figures = kept(join(RESULTS_DIR, "results.json"));
  const { reportHtml } = await import("@gpuvm/report");
  try {
    if (main) mkdirSync(dirname(path), { recursive: true });
    if (main) writeWhole(figures, resultsText(results));
    writeWhole(path, reportHtml([{ name: "this run", results }]));
  } catch (error) {
    // A folder that can't be written to is no reason to lose what was measured.
    if (!main) throw error;
    say(`the report could not be written: ${(error as Error).message}\n`);
    return;
  }
  if (main) say(`figures: ${figures}\n`);
  say(`report:  ${path} (open it in a browser)\n`);
}

function render(comparison: Comparison, results: Results, args: RunArgs): string {
  const { runs } = results;
  switch (args.format) {
    case "json":
      return resultsText(results);
    case "csv":
      return runsCsv(runs);
    case "benchstat":
      return benchstatText(results);
    case "markdown":
      return comparisonMarkdown(comparison) + (args.details ? `\n${detailsText(runs, true)}` : "");
    case "table":
      return (
        (args.details ? `${detailsText(runs, false, terminalWidth())}\n` : "") +
        comparisonText(comparison, wantsColour(), terminalWidth())
      );
  }
}
