import type { BoOwnership } from "@gpuvm/core";
import { type Subject, subjectName } from "@gpuvm/drivers";
import { type Basis, type Claim, type Miss, missesOf } from "./claims/claim.ts";
import { CLOSE_CLAIMS } from "./claims/close.ts";
import { DISPLAY_CLAIMS } from "./claims/display.ts";
import { LIFETIME_CLAIMS } from "./claims/lifetime.ts";
import { PRESSURE_CLAIMS } from "./claims/pressure.ts";
import { UNENDED_CLAIMS } from "./claims/unended.ts";
import { UNUSED_CLAIMS } from "./claims/unused.ts";
import { type Evidence, evidenceOf } from "./evidence.ts";
import { wayOf } from "./nine.ts";
import type { StudyParams } from "./params.ts";
import { reasonFor, whySkipped } from "./reasons.ts";
import type { StageWatch } from "./stage.ts";
import type { Outcome, Workload, WorkloadId } from "./workloads/workload.ts";

/** One workload on one variant: what was measured, what the fact sheet says, and whether they agree. */
export interface Cell {
  readonly workload: WorkloadId;
  readonly policy: string;
  readonly variant: string;
  readonly ownership: BoOwnership;
  /** `SOFT4`, or the subject's name. */
  readonly way: string;
  /** What was measured. */
  readonly outcome: Outcome;
  /** The outcome in a word. */
  readonly word: string;
  /** What the fact sheet says; null: nothing about this variant. */
  readonly expected:
    | readonly {
        readonly says: string;
        readonly basis: readonly Basis[];
        readonly figures: Claim["expect"];
      }[]
    | null;
  /** Whether every figure is as claimed; null: nothing is claimed. */
  readonly agrees: boolean | null;
  /** What is behind it beside the model. */
  readonly evidence: Evidence;
  /** Why it differs, or why nothing is claimed; empty where they agree. */
  readonly reason: string;
  /** Figures that are not as claimed. */
  readonly differs: readonly Miss[];
  /** The same under the other ownership, which nobody runs; null where it was not tried. */
  readonly tried: Tried | null;
}

/** A workload under the ownership that a variant does not have. */
export interface Tried {
  readonly ownership: BoOwnership;
  /** What was measured. */
  readonly outcome: Outcome;
  /** The outcome in a word. */
  readonly word: string;
}

/** A workload that a variant cannot run. */
export interface Skipped {
  readonly workload: WorkloadId;
  readonly policy: string;
  readonly variant: string;
  readonly way: string;
  readonly reason: string;
}

/** Every claim of the fact sheet. */
export const CLAIMS: readonly Claim[] = [
  ...CLOSE_CLAIMS,
  ...DISPLAY_CLAIMS,
  ...LIFETIME_CLAIMS,
  ...UNUSED_CLAIMS,
  ...UNENDED_CLAIMS,
  ...PRESSURE_CLAIMS,
];

/** Runs one workload on one variant, and holds it against the fact sheet. */
export function runCell(
  workload: Workload,
  subject: Subject,
  params: StudyParams,
  watch?: StageWatch,
): Cell | Skipped {
  const name = subjectName(subject);
  const way = wayOf(name);
  const { driver, variantName, boOwnership } = subject;
  const at = { workload: workload.id, policy: driver.name, variant: variantName, way };
  const outcome = workload.run(subject, params, watch);
  if (typeof outcome === "string") return { ...at, reason: whySkipped(driver.name, outcome) };
  const claims = CLAIMS.filter(({ workload: id, ways }) => id === workload.id && ways.includes(way));
  const differs = claims.flatMap((claim) => missesOf(claim, outcome, params));
  const agrees = claims.length === 0 ? null : differs.length === 0;
  return {
    ...at,
    ownership: boOwnership,
    outcome,
    word: workload.word(outcome, params),
    expected:
      claims.length === 0
        ? null
        : claims.map(({ says, basis, expect }) => ({ says, basis, figures: expect })),
    agrees,
    evidence: evidenceOf(
      workload.id,
      way,
      claims.flatMap(({ basis }) => basis),
    ),
    reason: agrees === true ? "" : reasonFor(workload.id, way, agrees, differs),
    differs,
    tried: workload.unended === true ? triedOn(workload, subject, params) : null,
  };
}

function triedOn(workload: Workload, subject: Subject, params: StudyParams): Tried | null {
  const ownership = subject.boOwnership === "soft" ? "hard" : "soft";
  const outcome = workload.run({ ...subject, boOwnership: ownership }, params);
  return typeof outcome === "string" ? null : { ownership, outcome, word: workload.word(outcome, params) };
}
