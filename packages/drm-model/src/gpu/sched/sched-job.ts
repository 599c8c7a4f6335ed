import type { DmaFence, DmaFenceCb } from "@gpuvm/core";
import type { CountedFence } from "../counted-fence.ts";
import { type OnMachine, SchedFence } from "./sched-fence.ts";

/** A scheduler, as its jobs know it; `DrmScheduler` is the only one. */
export interface JobRunner extends OnMachine {
  /** The hardware is done with a job. */
  done(job: SchedJob, error: number): void;
}

/** A queue, as its jobs know it; `SchedEntity` is the only one. */
export interface JobQueue {
  /** Who runs its jobs. */
  readonly scheduler: JobRunner;
  /** Timelines of its jobs' fences. */
  readonly contexts: { readonly scheduled: number; readonly finished: number };
  /** Jobs on these. */
  seqno: number;
}

/** A job for a scheduler (`struct drm_sched_job`). Drivers extend it. */
export class SchedJob implements DmaFenceCb {
  /** Shown in findings; how it holds its fences. */
  readonly name: string;
  /** Where it is queued; null once it left the queue. */
  entity: JobQueue | null;
  /** Which of the scheduler's jobs that are queued came first, across entities (`submit_ts`); 0: it is not queued. */
  age = 0;
  /** Who runs it; null before {@link SchedJob.arm}. */
  scheduler: JobRunner | null = null;
  /** Part of the scheduler's credits that it takes while it runs. */
  readonly credits: number;
  /** Its fences; null before {@link SchedJob.arm} and after {@link SchedJob.cleanup}. */
  fence: SchedFence | null = null;
  /** What it waits for, each counted; null: no longer, as the job is being killed. */
  readonly dependencies: (CountedFence | null)[] = [];
  /** The first of them that the entity has not looked at. */
  lastDependency = 0;
  /** The hardware's fence, while the job waits for it; null: it does not. */
  onHardware: DmaFence | null = null;

  /** A job of an entity, without dependencies (`drm_sched_job_init`). */
  constructor(name: string, entity: JobQueue, credits = 1) {
    this.name = name;
    this.entity = entity;
    this.credits = credits;
  }

  /**
   * Waits for a fence, too; of each timeline only the latest is kept (`drm_sched_job_add_dependency`).
   *
   * @param fence with a reference that the caller took in this job's name, and that the job takes over
   */
  addDependency(fence: CountedFence): void {
    const at = this.dependencies.findIndex((old) => old?.base.context === fence.base.context);
    const old = this.dependencies[at] ?? null;
    if (old === null) this.dependencies.push(fence);
    else if (fence.base.seqno > old.base.seqno) {
      this.dependencies[at] = fence;
      old.put(this);
    } else fence.put(this);
  }

  /** Whether it waits for exactly this fence (`drm_sched_job_has_dependency`). */
  hasDependency(fence: CountedFence): boolean {
    return this.dependencies.includes(fence);
  }

  /** Makes its fences; from now on they may be shown to others, and the job must be pushed (`drm_sched_job_arm`). */
  arm(): SchedFence {
    const entity = this.entity as JobQueue;
    this.scheduler = entity.scheduler;
    this.fence = new SchedFence(entity.scheduler, entity.contexts, ++entity.seqno, this);
    return this.fence;
  }

  /** Waits for the hardware. */
  follow(fence: DmaFence): void {
    this.onHardware = fence;
    fence.onSignal(this);
  }

  /** The hardware is done with it (`drm_sched_job_done_cb`). */
  fenceSignaled(fence: DmaFence): void {
    this.onHardware = null;
    this.scheduler?.done(this, fence.error);
  }

  /** Lets go of its fences and dependencies (`drm_sched_job_cleanup`). */
  cleanup(): void {
    this.fence?.finished.put(this);
    this.fence = null;
    if (this.dependencies.length === 0) return;
    for (const fence of this.dependencies.splice(0)) fence?.put(this);
  }
}
