import { blocksOf, type Finding, type Scenario, search, shrinkSchedule } from "@gpuvm/explorer";
import { type Bug, scenarioOf } from "./bug.ts";

/** What became of one bug. */
export interface BugResult {
  readonly id: string;
  readonly title: string;
  readonly upstream: string;
  /** The driver and the variant. */
  readonly driver: string;
  /** Shown in the buggy form, by a violation of the expected kind. */
  readonly found: boolean;
  /** What was violated; null: nothing. */
  readonly violation: string | null;
  /** How: `bfs`, with `+inject` if a failure was injected. */
  readonly method: string;
  /** Steps of the counterexample: an actor goes on until another one does, or until its call is over. */
  readonly steps: number;
  /** Stops of the driver's code within these. */
  readonly stops: number;
  /** States until it was found. */
  readonly states: number;
  /** The schedule; `explore --bug ID --replay` runs it. */
  readonly schedule: readonly number[];
  /** The fixed form was explored to the end without a finding. */
  readonly fixedClean: boolean;
  /** What was found in the fixed form. */
  readonly fixedFindings: readonly string[];
  /** States of the fixed form. */
  readonly fixedStates: number;
  /** The limit that was hit in the fixed form; null: none. */
  readonly fixedBound: string | null;
}

/** Steps over all schedules that one search may take. */
const MAX_STEPS = 20_000_000;

/** Searches a bug in its buggy and in its fixed form. */
export function checkBug(bug: Bug): BugResult {
  const buggy = scenarioOf(bug, true);
  const failures = bug.failures ?? 0;
  const hunt = search(buggy, { order: "bfs", failures, stopAtFirst: true, maxSteps: MAX_STEPS });
  const finding = hunt.findings.find((f) => bug.shows.includes(f.violation.kind)) ?? hunt.findings[0];
  const schedule = finding === undefined ? [] : shortened(buggy, finding);
  const fixed = search(scenarioOf(bug, false), { order: "dfs", failures, maxSteps: MAX_STEPS });
  return {
    id: bug.id,
    title: bug.title,
    upstream: bug.upstream,
    driver: `${bug.driver.name}:${bug.buggyVariant ?? bug.variant ?? bug.driver.defaultVariant}`,
    found: finding !== undefined && bug.shows.includes(finding.violation.kind),
    violation: finding === undefined ? null : `${finding.violation.kind}: ${finding.violation.message}`,
    method: failures > 0 ? "bfs+inject" : "bfs",
    steps: blocksOf(schedule).length,
    stops: schedule.length,
    states: hunt.states,
    schedule,
    fixedClean: fixed.findings.length === 0 && fixed.bound === null,
    fixedFindings: fixed.findings.map((f) => `${f.violation.kind}: ${f.violation.message}`),
    fixedStates: fixed.states,
    fixedBound: fixed.bound,
  };
}

function shortened(scenario: Scenario, finding: Finding): readonly number[] {
  const { schedule, dropped } = shrinkSchedule(scenario, finding.schedule, finding.key);
  return dropped.length === 0 ? schedule : finding.schedule;
}
