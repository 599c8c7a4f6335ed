import { type Subject, subjectName } from "@gpuvm/drivers";
import { Distribution } from "@gpuvm/drm-model";
import { type Finished, finished, type Tally } from "./finished.ts";
import { type Relative, relativeOver } from "./relative.ts";
import type { Replayed } from "./replay-one.ts";
import { type DistributionSummary, type Refusal, type RunResult, summary } from "./results.ts";
import { timing } from "./timing.ts";

/** One column of the comparison: a subject over several traces, either all native or all translated. */
export interface Column {
  /** The subject. */
  readonly subject: Subject;
  /** Its runs. */
  readonly runs: readonly RunResult[];
  /** The traces that it could not hold, natively or translated. */
  readonly refusals: readonly Refusal[];
  /** Locks per submit over all of them. */
  readonly submitLocks: DistributionSummary;
  /** Time that a handle close waited, in nanoseconds. */
  readonly closeWaitNs: DistributionSummary;
  /** Time of its replays relative to the reference's; null where nobody asked, or nothing can be compared. */
  readonly relative: Relative | null;
}

/** Replays of every subject, gathered as they finish. */
export class Comparison {
  readonly #subjects: readonly Subject[];
  readonly #runs: RunResult[] = [];
  readonly #submitLocks = new Map<string, Distribution>();
  readonly #closeWaitNs = new Map<string, Distribution>();

  readonly #refusals: Refusal[] = [];
  readonly #incomplete = new Set<string>();

  /** The subject that times are relative to. */
  readonly reference: string | undefined;

  /** Nothing was replayed yet. */
  constructor(subjects: readonly Subject[], reference?: string) {
    this.#subjects = subjects;
    this.reference = reference;
  }

  /** The runs, in the order in which they came. */
  get runs(): readonly RunResult[] {
    return this.#runs;
  }

  /** Replays that could not be made. */
  get refusals(): readonly Refusal[] {
    return this.#refusals;
  }

  /** Why the traces were not replayed as a whole. */
  get incomplete(): readonly string[] {
    return [...this.#incomplete];
  }

  /** A subject can't hold a trace: its column goes without, and the others stand. */
  refuse({ trace, subject, why }: Refusal): void {
    const known = this.#refusals.some((r) => r.trace === trace && r.subject === subject);
    if (!known) this.#refusals.push({ trace, subject, why });
  }

  /** Something of a trace is missing. */
  lacks(words: string): void {
    this.#incomplete.add(words);
  }

  /** Takes a finished replay, as {@link Comparison.take}; its machine is not kept. */
  add(replayed: Replayed): RunResult {
    return this.take(finished(replayed));
  }

  /**
   * Takes a finished replay. Of one that was there before only the time is taken, once its counts are found to be the same.
   *
   * @throws Error if they are not: a replay must not depend on anything but its input.
   */
  take({ result: fresh, submitLocks, closeWaitNs }: Finished): RunResult {
    const at = this.#runs.findIndex((run) => run.trace === fresh.trace && run.subject === fresh.subject);
    const known = this.#runs[at];
    if (known !== undefined) {
      const { portrait } = known;
      const again = { ...fresh, timing: known.timing, ...(portrait === undefined ? {} : { portrait }) };
      if (JSON.stringify(again) !== JSON.stringify(known)) {
        throw new Error(
          `${fresh.trace} on ${fresh.subject} was counted differently when replayed again: please report it`,
        );
      }
      const samples = [...known.timing.samples_ms, ...fresh.timing.samples_ms];
      const result = { ...known, timing: timing(samples, known.events) };
      this.#runs[at] = result;
      return result;
    }
    const key = keyOf(fresh.subject, fresh.translated);
    merge(this.#submitLocks, key, submitLocks);
    merge(this.#closeWaitNs, key, closeWaitNs);
    this.#runs.push(fresh);
    return fresh;
  }

  /** A column for each subject, of its native or its translated runs. */
  columns(translated: boolean): Column[] {
    return this.#subjects.map((subject) => {
      const name = subjectName(subject);
      const key = keyOf(name, translated);
      const runs = this.#runs.filter((run) => run.subject === name && run.translated === translated);
      const references = this.#runs.filter((run) => run.subject === this.reference);
      return {
        subject,
        runs,
        refusals: this.#refusals.filter((r) => r.subject === name),
        relative: relativeOver(runs, references),
        submitLocks: summary(this.#submitLocks.get(key) ?? new Distribution()),
        closeWaitNs: summary(this.#closeWaitNs.get(key) ?? new Distribution()),
      };
    });
  }
}

function keyOf(subject: string, translated: boolean): string {
  return `${subject} ${translated}`;
}

function merge(into: Map<string, Distribution>, key: string, tally: Tally): void {
  const sum = into.get(key) ?? new Distribution();
  sum.addAll(tally);
  into.set(key, sum);
}
