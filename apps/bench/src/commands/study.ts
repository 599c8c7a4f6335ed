import { type Subject, subjectName, subjectNamed } from "@gpuvm/drivers";
import { UsageError } from "@gpuvm/drm-model";
import type { StudyParams } from "@gpuvm/study";
import {
  ORDERS,
  REPAIRS,
  repairRows,
  runSchedule,
  runStudyOn,
  schedulesText,
  studyJson,
  studySubjects,
  WORKLOADS,
} from "@gpuvm/study";
import { writeWhole } from "../cli/output.ts";
import { checkOutputs } from "../cli/outputs.ts";
import { Progress } from "../cli/progress.ts";
import { studyMarkdown } from "../format/study-markdown.ts";
import { studyText } from "../format/study-text.ts";
import { markdownTable, sideBySide } from "../format/table.ts";
import { folded } from "../format/wrapped.ts";
import { loadCosts } from "../inputs/load-costs.ts";

/** The arguments of `study`. */
export interface StudyArgs extends StudyParams {
  /** `DRIVER[:VARIANT]`; none: every variant. */
  readonly policy: readonly string[];
  /** `W1`; none: all. */
  readonly workload: readonly string[];
  /** What is printed. */
  readonly format: "table" | "json" | "markdown";
  /** A table of costs in place of the one that comes with the program. */
  readonly costs: string | undefined;
  /** Prints W10 step by step, in every order, with the repairs of the rule. */
  readonly schedules: boolean;
  /** Prints each cell with what was measured and claimed. */
  readonly details: boolean;
  /** Columns of the terminal; default 100. */
  readonly width?: number;
  /** Writes what would be printed into a file. */
  readonly out: string | undefined;
}

/**
 * Runs the workloads of the fact sheet on every way of owning a BO.
 *
 * @returns the exit code: 0, or 1 if a cell differs from the fact sheet and nobody has explained why
 */
export async function runStudy(args: StudyArgs, print: (text: string) => void): Promise<number> {
  checkOutputs([args.out], args.costs === undefined ? [] : [args.costs]);
  if (args.schedules && args.workload.length > 0)
    throw new UsageError(`--schedules shows W10 alone: leave out ${args.workload.join(" ")}`);
  const costs = await loadCosts(args.costs);
  const subjects = args.policy.length === 0 ? studySubjects() : args.policy.map(subjectNamed);
  const { flips, buffers, jobs, jobMs, hz } = args;
  if (args.schedules) {
    const text = schedules(args.policy.length === 0 ? [subjectNamed(RULE)] : subjects, args);
    if (args.out === undefined) print(text);
    else writeWhole(args.out, text);
    return 0;
  }
  const progress = new Progress({
    total: subjects.length * (args.workload.length || WORKLOADS.length),
    unit: "cells",
  });
  const study = runStudyOn(subjects, args.workload, { flips, buffers, jobs, jobMs, hz }, (done, what) =>
    progress.show(done, what),
  );
  progress.end();
  const text =
    args.format === "json"
      ? studyJson(study, costs)
      : args.format === "markdown"
        ? studyMarkdown(study, costs)
        : studyText(study, costs, args.details, args.width);
  if (args.out === undefined) print(text);
  else writeWhole(args.out, text);
  return study.cells.some(({ reason }) => reason.startsWith("not explained")) ? 1 : 0;
}

/** The variant whose only certain event is the close of a handle. */
const RULE = "msm:mainline";

function schedules(subjects: readonly Subject[], { jobMs, format, width = 100 }: StudyArgs): string {
  if (format === "json") {
    const all = subjects.flatMap((subject) =>
      ["", ...REPAIRS.map(({ id }) => id)].flatMap((repair) =>
        ORDERS.map((order) => ({
          subject: subjectName(subject),
          repair,
          ...runSchedule(subject, order, jobMs, new Set([repair])),
        })),
      ),
    );
    return `${JSON.stringify({ format: "gpuvm-schedules", version: 1, schedules: all }, null, 2)}\n`;
  }
  const table = (subject: Subject) => {
    const head = ["", ...ORDERS];
    const rows = repairRows(subject, jobMs);
    return format === "markdown" ? markdownTable(head, rows) : sideBySide(head, rows, width).join("\n\n");
  };
  const texts = subjects.map((subject) => {
    return `${folded(schedulesText(subject, jobMs), width)}${table(subject)}\n`;
  });
  return texts.join("\n");
}
