import type { Subject } from "@gpuvm/drivers";
import type { DriverVariant, HazardKind } from "@gpuvm/drm-model";
import type { StudyParams } from "../params.ts";
import { Stage, type StageWatch } from "../stage.ts";
import { figure, type Outcome } from "./workload.ts";

/** Work may not end by itself: timeouts run, and what the GPU uses is known apart from what fences say. */
export const UNENDED = { timeouts: true, watch: true } as const;

/** The time of a job that ends, so short that nobody takes it for one that does not. */
export function shortJobMs({ jobMs }: StudyParams): number {
  return Math.min(jobMs, 100);
}

/** A program whose GPU has just done something, so that whoever looks at the GPU sees that it went on. */
export function programThatRan(
  subject: Subject,
  jobMs: number,
  watch: StageWatch | undefined,
  title = "",
): Stage {
  const stage = new Stage(subject, { jobMs, watch, title, machine: UNENDED });
  stage.program(0);
  stage.buffer(0, 1);
  stage.submit(0, 1);
  stage.sleep(jobMs * 1e6, "its job is done");
  return stage;
}

/** Figures, each with what it is of behind its name. */
export function named(figures: Readonly<Record<string, number>>, of: string): Outcome {
  return Object.fromEntries(Object.entries(figures).map(([name, value]) => [`${name}_${of}`, value]));
}

/**
 * What was taken from the GPU while a job that uses it was not over: objects that were unmapped, where the model of the driver
 * knows what its jobs use; and objects whose memory was given back while page-table entries led to it.
 */
export function takenFromGpu(stage: Stage): Outcome {
  const objects = (of: HazardKind) =>
    new Set(stage.machine.hazards.filter(({ kind }) => kind === of).map(({ object }) => object)).size;
  return {
    ...(knowsUses(stage) ? { unmapped_running: objects("gpu-fault") } : {}),
    freed_mapped: objects("stale-pte"),
  };
}

/** What was found out of {@link knowsUses}, which is the same each time. */
const KNOWN = new WeakMap<DriverVariant, boolean>();

/** Whether the model of a driver notes what its jobs use: another program's job shows it. */
function knowsUses({ subject }: Stage): boolean {
  const { variant } = subject;
  const known = KNOWN.get(variant) ?? showsUses(subject);
  KNOWN.set(variant, known);
  return known;
}

function showsUses(subject: Subject): boolean {
  const stage = new Stage(subject, { jobMs: 1, machine: UNENDED });
  stage.program(0);
  stage.buffer(0, 1);
  stage.submit(0, 1);
  const pt = stage.vmOf(0)?.pt;
  return stage.machine.inUse.size > 0 || (pt !== undefined && pt.naming.size > 0);
}

/** `1 buffer`, `3 buffers`. */
export function buffers(n: number): string {
  return n === 1 ? "1 buffer" : `${n} buffers`;
}

/** What was taken from the GPU, behind what else is said of a workload; empty where nothing was. `of` ends the figures' names. */
export function takenWords(o: Outcome, of = ""): string {
  const unmapped = figure(o, `unmapped_running${of}`);
  const freed = figure(o, `freed_mapped${of}`);
  return [
    unmapped === 0 ? "" : `; ${buffers(unmapped)} unmapped under a job that uses it`,
    freed === 0 ? "" : `; the memory of ${buffers(freed)} given back while page-table entries lead there`,
  ].join("");
}
