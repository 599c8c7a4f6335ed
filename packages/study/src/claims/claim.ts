import type { StudyParams } from "../params.ts";
import type { Outcome, WorkloadId } from "../workloads/workload.ts";

/**
 * What a claim stands on: `thread` said on the list; `source` read in patches or commits; `73` read in the Linux 7.3.4
 * sources; `derived` our own reading, that nobody upstream confirmed.
 */
export type Basis = "thread" | "source" | "73" | "derived";

/** A number, a parameter, or a figure of the same outcome; or a bound. */
export type Expected =
  | number
  | string
  | { readonly atLeast: number | string }
  | { readonly atMost: number | string };

/** One sentence of the fact sheet about one workload, as figures that a run can be held against. */
export interface Claim {
  /** The workload. */
  readonly workload: WorkloadId;
  /** The ways of owning, or variants, that it is about. */
  readonly ways: readonly string[];
  /** Figures of the outcome by name. */
  readonly expect: Readonly<Record<string, Expected>>;
  /** The sentence. */
  readonly says: string;
  /** What it stands on. */
  readonly basis: readonly Basis[];
}

/** A figure that is not as claimed. */
export interface Miss {
  /** The figure's name. */
  readonly figure: string;
  /** What was claimed, in words. */
  readonly expected: string;
  /** What was measured. */
  readonly measured: number | undefined;
}

/** The figures of an outcome that are not as a claim says. */
export function missesOf(claim: Claim, outcome: Outcome, params: StudyParams): Miss[] {
  const value = (v: number | string): number => {
    if (typeof v === "number") return v;
    const known: Readonly<Record<string, number>> = { ...params, ...outcome };
    const found = known[v];
    if (found === undefined)
      throw new RangeError(`a claim about ${claim.workload} names ${v}, which nobody knows`);
    return found;
  };
  return Object.entries(claim.expect).flatMap(([figure, expected]): Miss[] => {
    const measured = outcome[figure];
    if (typeof expected === "object") {
      const bound = value("atLeast" in expected ? expected.atLeast : expected.atMost);
      const held = measured !== undefined && ("atLeast" in expected ? measured >= bound : measured <= bound);
      return held
        ? []
        : [{ figure, expected: `at ${"atLeast" in expected ? "least" : "most"} ${bound}`, measured }];
    }
    const wanted = value(expected);
    return measured === wanted ? [] : [{ figure, expected: String(wanted), measured }];
  });
}
