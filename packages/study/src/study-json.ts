import { type Cost, modelledFlip } from "./costs.ts";
import type { Study } from "./run-study.ts";
import { unendedAnswer } from "./unended-answer.ts";
import { unendedOf } from "./unended-rows.ts";

/** The study as one JSON object. Counts and modelled time are apart. */
export function studyJson(study: Study, costs: readonly Cost[]): string {
  const { params, workloads, cells, skipped } = study;
  const modelled = cells.flatMap(({ workload, policy, variant, outcome }) => {
    const flip = modelledFlip(outcome, costs, params.hz);
    if (flip === null) return [];
    return [
      {
        workload,
        policy,
        variant,
        ms_per_flip: [flip.low_ms, flip.high_ms].map(six),
        share_of_frame: [flip.low, flip.high].map(six),
      },
    ];
  });
  return `${JSON.stringify(
    {
      format: "gpuvm-study",
      version: 1,
      params,
      workloads: workloads.map(({ id, title, does }) => ({ id, title, does })),
      cells,
      skipped,
      costs,
      modelled,
      unended: { workloads: unendedOf(workloads).map(({ id }) => id), answer: unendedAnswer(study) },
    },
    null,
    2,
  )}\n`;
}

function six(n: number): number {
  return Number(n.toFixed(6));
}
