import { type DmaFence, type DmaFenceCb, ECANCELED, ESRCH, type Steps } from "@gpuvm/core";
import { takeFirst } from "../../machine/take-first.ts";
import type { CountedFence } from "../counted-fence.ts";
import type { SchedFence } from "./sched-fence.ts";
import type { JobQueue, JobRunner, SchedJob } from "./sched-job.ts";

/** What an entity asks of a driver for its jobs. */
export interface EntityOps<J extends SchedJob> {
  /** Asked when the dependencies are done: one more fence to wait for, with a reference of the entity's; null: none. */
  prepareJob?(job: J, entity: SchedEntity<J>): CountedFence | null;
  /** The job is done, or was given up. */
  freeJob(job: J): Steps<void>;
}

/** A scheduler, as its entities know it; `DrmScheduler` is the only one. */
export interface EntityScheduler<J extends SchedJob> extends JobRunner {
  /** The driver, as far as an entity asks it. */
  readonly ops: EntityOps<J>;
  /** A number for a job that is pushed: greater than all before. */
  nextAge(): number;
  /** Knows an entity from now on. */
  add(entity: SchedEntity<J>): void;
  /** Knows it no more. */
  remove(entity: SchedEntity<J>): void;
  /** There may be a job to run. */
  wake(): void;
}

/** Whose call a flush is made in, and how its process ends. */
export interface Flusher {
  /** The process (`current->group_leader`). */
  readonly process: unknown;
  /** It is exiting (`PF_EXITING`): it waits for a limited time only. */
  readonly exiting: boolean;
  /** By SIGKILL. */
  readonly killed: boolean;
}

/** A queue of jobs (`struct drm_sched_entity`): they are run in order, each when its dependencies are done. */
export class SchedEntity<J extends SchedJob = SchedJob> implements JobQueue, DmaFenceCb {
  /** How it holds fences, in findings. */
  readonly name: string;
  /** Who runs its jobs. */
  readonly scheduler: EntityScheduler<J>;
  /** Timelines of its jobs' fences (`fence_context`). */
  readonly contexts: { readonly scheduled: number; readonly finished: number };
  /** Jobs on these. */
  seqno = 0;
  /** Jobs not yet run, oldest first (`job_queue`). */
  readonly queue: J[] = [];
  /** The scheduler knows it (`list`): it has had a job, and was not killed. */
  known = false;
  /** No more jobs (`stopped`). */
  stopped = false;
  /** A job of it is being run now (`entity_idle`). */
  busy = false;
  /** Fences of the last job that was run; counted (`last_scheduled`). */
  lastScheduled: CountedFence | null = null;
  /** After a kill: the end of the last job, until that signals; those that come yet are given up behind it. */
  lastKilled: DmaFence | null = null;
  /** What its first job waits for now; counted. */
  dependency: CountedFence | null = null;
  /** Set for a queue whose work hung: jobs are run, and cancelled (`guilty`). */
  readonly guilty: { readonly faulty: boolean } | null;
  /** The process that pushed last (`last_user`). */
  lastUser: unknown;

  /** An empty queue (`drm_sched_entity_init`). */
  constructor(
    name: string,
    scheduler: EntityScheduler<J>,
    user: unknown,
    guilty: { readonly faulty: boolean } | null = null,
  ) {
    const { machine } = scheduler;
    this.name = name;
    this.scheduler = scheduler;
    this.contexts = { scheduled: machine.fenceContext(), finished: machine.fenceContext() };
    this.guilty = guilty;
    this.lastUser = user;
  }

  /** Queues a job (`drm_sched_entity_push_job`); after a kill it is given up as those before it were. */
  push(job: J, user: unknown): void {
    this.lastUser = user;
    if (this.stopped) {
      const before = this.lastKilled;
      this.#isLast((job.fence as SchedFence).finished.base);
      this.#killBehind(job, before);
      return;
    }
    this.queue.push(job);
    job.age = this.scheduler.nextAge();
    if (this.queue.length > 1) return;
    this.scheduler.add(this);
    this.scheduler.wake();
  }

  /** Whether its first job could be looked at (`drm_sched_entity_is_ready`). */
  get ready(): boolean {
    return this.queue.length > 0 && this.dependency === null && !this.stopped;
  }

  /** Of its first job; 0: it has none. */
  get age(): number {
    return this.queue[0]?.age ?? 0;
  }

  /** Nothing is to be waited for (`drm_sched_entity_is_idle`). */
  get idle(): boolean {
    return !this.known || this.queue.length === 0 || this.stopped;
  }

  /** Takes the first job off, if its dependencies are done; else waits for the next of them (`drm_sched_entity_pop_job`). */
  pop(): J | null {
    const job = this.queue[0];
    if (job === undefined) return null;
    let before: CountedFence | null = null;
    for (let fence = this.#nextDependency(job); fence !== null; fence = this.#nextDependency(job)) {
      if (this.#waitsFor(fence, fence === before)) return null;
      before = fence;
    }
    const { finished } = job.fence as SchedFence;
    if (this.guilty?.faulty === true) finished.base.error = -ECANCELED;
    finished.get(this);
    this.lastScheduled?.put(this);
    this.lastScheduled = finished;
    takeFirst(this.queue);
    job.age = 0;
    job.entity = null;
    return job;
  }

  /**
   * Waits until its jobs were run, a process that exits for at most `ns`; one that was killed then gives them up
   * (`drm_sched_entity_flush`). Whether the jobs are finished is another matter.
   */
  *flush(by: Flusher, ns: number): Steps<void> {
    const { machine } = this.scheduler;
    const { dev } = machine;
    let late = false;
    const limit = by.exiting && !this.idle ? machine.timers.add(machine.now + ns, () => (late = true)) : null;
    if (dev.waitsUntil(() => this.idle || late, "drm_sched_entity_flush")) yield dev.point;
    if (limit !== null) machine.timers.cancel(limit);
    const last = this.lastUser === by.process;
    if (last) this.lastUser = null;
    if (last && by.exiting && by.killed) yield* this.kill();
  }

  /**
   * Takes no more jobs, and gives up those that were not run: each waits for its dependencies and for the job before it,
   * signals with -ESRCH and is freed (`drm_sched_entity_kill`).
   */
  *kill(): Steps<void> {
    const { dev } = this.scheduler.machine;
    this.stopped = true;
    this.scheduler.remove(this);
    if (dev.waitsUntil(() => !this.busy, "drm_sched_entity_kill")) yield dev.point;
    let before = this.lastScheduled;
    for (const job of this.queue.splice(0)) {
      job.age = 0;
      this.#killAfter(job, before);
      before = (job.fence as SchedFence).finished;
    }
    if (before?.base.signaled === false) this.#isLast(before.base);
  }

  /** The queue is given up (`drm_sched_entity_fini`). */
  *fini(): Steps<void> {
    yield* this.kill();
    if (this.dependency?.base.removeCallback(this) === true) this.dependency.put(this);
    this.dependency = null;
    this.lastScheduled?.put(this);
    this.lastScheduled = null;
  }

  /** `drm_sched_entity_destroy`: a flush, of at most 1 s for a process that exits, and the end. */
  *destroy(by: Flusher): Steps<void> {
    yield* this.flush(by, 1e9);
    yield* this.fini();
  }

  /** A reference on the next fence that a job waits for, in the entity's name (`drm_sched_job_dependency`), or null. */
  #nextDependency(job: J): CountedFence | null {
    const fence = job.dependencies[job.lastDependency];
    if (fence === undefined || fence === null) return this.scheduler.ops.prepareJob?.(job, this) ?? null;
    job.lastDependency++;
    return fence.get(this);
  }

  /**
   * Whether the queue has to wait for a fence (`drm_sched_entity_add_dependency_cb`). Takes the reference over. `again`: it
   * need not, and the driver insists; it would be asked until the fence signals, so the queue waits for that.
   */
  #waitsFor(fence: CountedFence, again: boolean): boolean {
    let wanted = fence;
    const { context } = fence.base;
    if (!again && (context === this.contexts.scheduled || context === this.contexts.finished)) {
      fence.put(this);
      return false;
    }
    if (!again && fence.base.error === 0 && fence.sched?.scheduler === this.scheduler) {
      wanted = fence.sched.scheduled.get(this);
      fence.put(this);
    }
    if (wanted.base.signaled) {
      wanted.put(this);
      return false;
    }
    this.dependency = wanted;
    wanted.base.onSignal(this);
    return true;
  }

  /** What its first job waited for has signalled (`drm_sched_entity_wakeup`). */
  fenceSignaled(): void {
    const { dependency } = this;
    this.dependency = null;
    dependency?.put(this);
    this.scheduler.wake();
  }

  /** The job is given up when a fence, if there is one, has signalled (`drm_sched_entity_kill_jobs_cb`). */
  #killAfter(job: J, fence: CountedFence | null): void {
    if (fence === null || fence.base.signaled) {
      this.#queueKill(job);
      return;
    }
    fence.get(job);
    fence.base.onSignal(() => {
      fence.put(job);
      this.#queueKill(job);
    });
  }

  #isLast(fence: DmaFence): void {
    this.lastKilled = fence;
    fence.onSignal(() => {
      if (this.lastKilled === fence) this.lastKilled = null;
    });
  }

  /** As {@link SchedEntity.#killAfter}, of a fence that may be nobody's any more. */
  #killBehind(job: J, fence: DmaFence | null): void {
    if (fence === null) this.#queueKill(job);
    else fence.onSignal(() => this.#queueKill(job));
  }

  #queueKill(job: J): void {
    this.scheduler.machine.queueWork(
      "drm_sched_entity_kill_jobs_work",
      () => this.#killWork(job),
      "process",
      true,
    );
  }

  /** `drm_sched_entity_kill_jobs_work`: waits for what is left of the dependencies, to the end and not to the start. */
  *#killWork(job: J): Steps<void> {
    const { dependencies } = job;
    for (let i = 0; i < dependencies.length; i++) {
      const fence = dependencies[i] ?? null;
      if (fence === null) continue;
      dependencies[i] = null;
      const { sched } = fence;
      const finished = sched !== null && fence === sched.scheduled ? sched.finished : fence;
      const waits = finished.refs > 0 && !finished.base.signaled;
      if (waits) this.#killAfter(job, finished);
      fence.put(job);
      if (waits) return;
    }
    const { fence } = job;
    fence?.setScheduled(null);
    fence?.finished.base.signal(-ESRCH);
    yield* this.scheduler.ops.freeJob(job);
  }
}
