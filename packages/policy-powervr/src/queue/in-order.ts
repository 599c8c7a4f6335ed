import type { GpuUse, SchedFence } from "@gpuvm/drm-model";
import { FRAGMENT, GEOMETRY, type PvrJob } from "./job.ts";
import { nativeFence } from "./native-deps.ts";

/*
 * On a machine that watches: finds jobs that the firmware is given, or that the GPU begins, before what they have to wait for.
 */

/** A job looks at the fences of its render target: those that draw there are to be done before, if one of the two is geometry. */
export function noteBehind(job: PvrJob): void {
  const { hwrt, type } = job;
  if (hwrt === null) return;
  job.behind = hwrt.drawing.filter((before) => before.type === GEOMETRY || type === GEOMETRY);
}

/** It has its fence there. */
export function noteDrawing(job: PvrJob): void {
  const { hwrt, ctx } = job;
  if (hwrt === null || ctx.pvr.machine.options.watch !== true) return;
  hwrt.drawing.push(job);
  (job.fence as SchedFence).finished.base.onSignal(() => drawn(job));
}

/** It draws no more. */
function drawn(job: PvrJob): void {
  const at = job.hwrt?.drawing.indexOf(job) ?? -1;
  if (at >= 0) job.hwrt?.drawing.splice(at, 1);
}

/** A job is given to the firmware, which waits for jobs that it has, and for nothing else. */
export function notGivenTooEarly(job: PvrJob): void {
  const { machine } = job.ctx.pvr;
  if (machine.options.watch !== true) return;
  const pair = job.type === FRAGMENT ? job.paired?.fence?.scheduled : undefined;
  for (const fence of job.dependencies) {
    if (fence === null || fence === pair || fence.base.signaled || nativeFence(fence) !== null) continue;
    const what = `it is given to the firmware, and waits for ${fence.name}, of which that knows nothing`;
    machine.hazard("job-order", job.name, what);
  }
}

/** The GPU's use of a job's render target, which geometry jobs write. */
export class Drawing implements GpuUse {
  readonly #job: PvrJob;
  readonly #inner: GpuUse | undefined;

  /** `inner` is told, too. */
  constructor(job: PvrJob, inner: GpuUse | undefined) {
    this.#job = job;
    this.#inner = inner;
  }

  /** See `GpuUse`. */
  starts(): void {
    this.#inner?.starts();
    const { behind, ctx, hwrt, name } = this.#job;
    const before = behind.find((other) => hwrt?.drawing.includes(other));
    this.#job.behind = [];
    if (before === undefined) return;
    const what = `it begins, and ${before.name} is not done, which was to draw to its target before`;
    ctx.pvr.machine.hazard("job-order", name, what);
  }

  /** See `GpuUse`. */
  stops(): void {
    this.#inner?.stops();
    drawn(this.#job);
  }
}
