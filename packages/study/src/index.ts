/**
 * Workloads under every way of owning a buffer object, each measured outcome beside what was claimed.
 *
 * @example
 * ```ts
 * import { subjectNamed } from "@gpuvm/drivers";
 * import { DEFAULT_PARAMS, runStudyOn } from "@gpuvm/study";
 * const { cells } = runStudyOn([subjectNamed("msm:hard-naive")], ["W1"], DEFAULT_PARAMS);
 * console.assert(cells[0]?.outcome["leaked_bos_per_iteration"] === 1); // the loop that nothing breaks
 * ```
 *
 * @packageDocumentation
 */

export { type Cell, CLAIMS, type Skipped, type Tried } from "./cell.ts";
export { type Basis, type Claim, type Expected, type Miss, missesOf } from "./claims/claim.ts";
export { type Cost, type Modelled, modelledFlip, parseCosts, THREAD_COSTS } from "./costs.ts";
export type { Did } from "./did.ts";
export { type Evidence, evidenceOf, type Standing } from "./evidence.ts";
export { type Experiment, type ExperimentStep, experimentOf } from "./experiment.ts";
export { LOOPS } from "./loops.ts";
export { NINE, type Way, wayOf } from "./nine.ts";
export { DEFAULT_PARAMS, type StudyParams } from "./params.ts";
export { runStudyOn, type Study, workloadNamed } from "./run-study.ts";
export { ORDERS, type Order, runSchedule, type Schedule, type ScheduleStep } from "./schedule.ts";
export { REPAIRS, repairRows, schedulesText } from "./schedule-text.ts";
export { Stage, type StageOptions, type StageWatch } from "./stage.ts";
export type { OptionsOf, WatchOf } from "./stage-options.ts";
export { studyJson } from "./study-json.ts";
export { columnsOf, evidenceRows, modelledRows, rowsOf, sameColumns, sameWorkloads } from "./study-rows.ts";
export { studySubjects } from "./subjects.ts";
export { unendedAnswer } from "./unended-answer.ts";
export { type Ending, endingsOf, triedRows, unendedOf, unendedRows } from "./unended-rows.ts";
export { WORKLOADS } from "./workloads/all.ts";
export type { Outcome, Workload } from "./workloads/workload.ts";
