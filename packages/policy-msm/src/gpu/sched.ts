import { type DmaFence, ECANCELED, type Errno, ESRCH, type Steps } from "@gpuvm/core";
import { type FileEnd, type Machine, Work } from "@gpuvm/drm-model";

/** A job of a scheduler (`struct drm_sched_job`). */
export interface SchedJob {
  /** Shown in findings. */
  readonly name: string;
  /** What it waits for, in order (`drm_sched_job_add_dependency`). */
  readonly after: readonly DmaFence[];
  /** Signals when it is done (`s_fence->finished`); made by {@link SchedEntity.arm}. */
  readonly finished: DmaFence;
  /** What it held is given back by work of the scheduler: see {@link SchedJob.free}. */
  readonly freesAlone: boolean;
  /**
   * Does it, in the fence-signalling path (`run_job`). @returns the hardware's fence, or 0 or -errno: it is done with
   * the call
   */
  run(): Steps<DmaFence | Errno>;
  /** Gives back what it held, in process context (`free_job`), also for a job that was never run. */
  free(): Steps<void>;
}

/** Modelled nanoseconds that a program that ends waits for its queue (`MAX_WAIT_SCHED_ENTITY_Q_EMPTY`). */
const FLUSH_NS = 1_000_000_000;

/**
 * A queue of jobs of one scheduler that run in order (`struct drm_sched_entity`). Its fences are one timeline.
 *
 * # Invariants
 * Only the head's dependencies are looked at: it blocks whatever is behind it.
 */
export class SchedEntity {
  /** Timeline of the jobs' fences (`fence_context + 1`). */
  readonly context: number;
  /** The run queue: lower numbers first (`enum drm_sched_priority`). */
  readonly priority: number;
  /** Jobs that were not given to the hardware, oldest first. */
  readonly jobs: SchedJob[] = [];
  /** Its scheduler. */
  readonly sched: Sched;
  /** The unsignalled fence for which the head is known to wait. */
  dependency: DmaFence | null = null;
  /** The end of the job that left it last (`last_scheduled`). */
  lastScheduled: DmaFence | null = null;
  /** The scheduler gives a job of it to the hardware now (`entity_idle`). */
  busy = false;
  readonly #scheduled: number;
  #seqno = 0;
  readonly #machine: Machine;

  /** An empty entity (`drm_sched_entity_init`). */
  constructor(machine: Machine, sched: Sched, priority: number) {
    this.#machine = machine;
    this.sched = sched;
    this.priority = priority;
    this.#scheduled = machine.fenceContext();
    this.context = machine.fenceContext();
    sched.entities.push(this);
  }

  /** No job waits in it: those that run may still do (`drm_sched_entity_is_idle`). */
  get idle(): boolean {
    return this.jobs.length === 0 || this.sched.stopped;
  }

  /** The `finished` fence of the next job (`drm_sched_job_arm`). */
  arm(): DmaFence {
    const finished = this.#machine.fence(this.context, ++this.#seqno);
    finished.sched = { by: this.sched, scheduled: this.#machine.fence(this.#scheduled, this.#seqno) };
    return finished;
  }

  /** Queues a job (`drm_sched_entity_push_job`). */
  push(job: SchedJob): void {
    this.jobs.push(job);
    this.sched.queued.push({ job, entity: this });
    if (this.jobs.length === 1) this.sched.wakeup();
  }

  /**
   * Waits until no job waits in it, whether or not those before are done (`drm_sched_entity_flush`): a program that ends waits
   * for a second at most, and if it was killed, what is left then is given up.
   */
  *flush(label: string, ending: FileEnd): Steps<void> {
    const { dev, now, timers } = this.#machine;
    if (ending === "close") {
      if (dev.waitsUntil(() => this.idle, label)) yield dev.point;
      return;
    }
    if (!this.idle) {
      let late = false;
      const timer = timers.add(now + FLUSH_NS, () => {
        late = true;
      });
      if (dev.waitsUntil(() => late || this.idle, label)) yield dev.point;
      timers.cancel(timer);
    }
    if (ending === "kill") yield* this.#kill();
  }

  /** Jobs that have not begun end with -ESRCH, each after the one before it and what it waits for (`drm_sched_entity_kill`). */
  *#kill(): Steps<void> {
    const { dev } = this.#machine;
    const { queued } = this.sched;
    if (dev.waitsUntil(() => !this.busy, "drm_sched_entity_kill")) yield dev.point;
    let before = this.lastScheduled;
    for (const job of this.jobs.splice(0)) {
      queued.splice(
        queued.findIndex((entry) => entry.job === job),
        1,
      );
      this.#killWhenDone(job, before);
      before = job.finished;
    }
  }

  #killWhenDone(job: SchedJob, before: DmaFence | null): void {
    const queue = () =>
      this.#machine.queueWork(`kill of ${job.name}`, () => this.#killJob(job), "process", true);
    if (before === null) queue();
    else before.onSignal(queue);
  }

  /** `drm_sched_entity_kill_jobs_work`. */
  *#killJob(job: SchedJob): Steps<void> {
    const pending = job.after.find(({ signaled }) => !signaled);
    if (pending !== undefined) {
      this.#killWhenDone(job, pending);
      return;
    }
    job.finished.sched?.scheduled.signal(-ESRCH);
    job.finished.signal(-ESRCH);
    this.sched.killed++;
    if (job.freesAlone) yield* job.free();
  }

  /** Whether the head may go (`drm_sched_entity_pop_job`); if not, the scheduler is woken when its dependency signals. */
  ready(): boolean {
    const head = this.jobs[0];
    if (head === undefined) return false;
    if (this.dependency !== null && !this.dependency.signaled) return false;
    this.dependency = this.#firstAwaited(head);
    this.dependency?.onSignal(() => this.sched.wakeup());
    return this.dependency === null;
  }

  /** The first dependency that holds a job up, or null. */
  #firstAwaited({ after }: SchedJob): DmaFence | null {
    for (const fence of after) {
      const awaited = this.#waitsFor(fence);
      if (awaited !== null) return awaited;
    }
    return null;
  }

  /** What a dependency comes to (`drm_sched_entity_add_dependency_cb`); null: it does not hold the job up. */
  #waitsFor(fence: DmaFence): DmaFence | null {
    if (fence.signaled || fence.context === this.context) return null;
    const { sched } = fence;
    // What the same hardware does is done in order: that the other has begun is enough.
    const awaited = sched !== null && sched.by === this.sched && fence.error === 0 ? sched.scheduled : fence;
    return awaited.signaled ? null : awaited;
  }
}

/**
 * A scheduler (`struct drm_gpu_scheduler`) with the policy FIFO, the default: of the entities of the most urgent run
 * queue that are ready, the one whose first job was pushed first. At most `credits` jobs are with the hardware.
 */
export class Sched {
  /** Every entity of it. */
  readonly entities: SchedEntity[] = [];
  /** The jobs in its entities, in the order in which they were pushed (`submit_ts`). */
  readonly queued: { readonly job: SchedJob; readonly entity: SchedEntity }[] = [];
  /** `drm_sched_fini` was called: nothing runs any more. */
  stopped = false;
  /** Jobs that run now. */
  running = 0;
  /** Jobs that ended with their entity, and were not begun. */
  killed = 0;
  /** Jobs that are done, and not freed yet. */
  readonly done: SchedJob[] = [];
  /** The first of {@link Sched.works} is under way. */
  began = false;
  /** What its worker has to do, in order; the first is under way, or the machine will get to it (`submit_wq`). */
  readonly works: ("run_job" | "free_job")[] = [];
  readonly #machine: Machine;
  readonly #name: string;
  readonly #credits: number;
  readonly #runItem: Work;
  readonly #freeItem: Work;

  /** An idle scheduler (`drm_sched_init`). */
  constructor(machine: Machine, name: string, credits: number) {
    this.#machine = machine;
    this.#name = name;
    this.#credits = credits;
    this.#runItem = new Work(`${name} run_job`, () => this.#work("run_job"), "signalling");
    this.#freeItem = new Work(`${name} free_job`, () => this.#work("free_job"));
  }

  /** Jobs in its entities, or running. */
  get length(): number {
    return this.queued.length + this.running;
  }

  /** Something may have become ready (`drm_sched_wakeup`). */
  wakeup(): void {
    if (!this.stopped && this.#select() >= 0) this.#queue("run_job");
  }

  /**
   * Nothing runs any more (`drm_sched_stop`, `drm_sched_fini`): jobs that are done are freed, those that did not begin
   * are dropped, and their fences signal an error.
   */
  *stop(): Steps<void> {
    const { dev } = this.#machine;
    this.stopped = true;
    // cancel_work_sync: what is under way is waited for.
    if (dev.waitsUntil(() => !this.began, "drm_sched_stop")) yield dev.point;
    yield* this.#freeAll();
    for (const { job, entity } of this.queued.splice(0)) {
      entity.jobs.length = 0;
      job.finished.sched?.scheduled.signal(-ECANCELED);
      job.finished.signal(-ECANCELED);
      if (job.freesAlone) yield* job.free();
    }
    yield* this.#destroyWorkqueue();
  }

  /** Whoever ends a workqueue sleeps, and what is queued by then is done before. */
  *#destroyWorkqueue(): Steps<void> {
    const { dev } = this.#machine;
    if (dev.stepping) return;
    let over = false;
    this.#machine.queueWork(`end of ${this.#name}`, function* () {
      over = true;
    });
    if (dev.waitsUntil(() => over, "destroy_workqueue")) yield dev.point;
  }

  /** Where in the queue the next job is (`drm_sched_select_entity`); -1: none is ready, or the hardware has enough to do. */
  #select(): number {
    if (this.running >= this.#credits) return -1;
    let best = -1;
    for (let i = 0; i < this.queued.length; i++) {
      const { job, entity } = this.queued[i] as { job: SchedJob; entity: SchedEntity };
      if (entity.jobs[0] !== job || (best >= 0 && entity.priority >= this.#priorityAt(best))) continue;
      if (entity.ready()) best = i;
    }
    return best;
  }

  #priorityAt(i: number): number {
    return this.queued[i]?.entity.priority ?? 0;
  }

  /** Once, behind what is queued; what is under way may be queued again (`queue_work` on an ordered workqueue). */
  #queue(what: "run_job" | "free_job"): void {
    if (this.works.lastIndexOf(what) > (this.began ? 0 : -1)) return;
    this.works.push(what);
    if (this.works.length === 1) this.#next();
  }

  #next(): void {
    const [what] = this.works;
    if (what === undefined) return;
    this.#machine.queue(what === "run_job" ? this.#runItem : this.#freeItem);
  }

  *#work(what: "run_job" | "free_job"): Steps<void> {
    this.began = true;
    yield* what === "run_job" ? this.#run() : this.#free();
    this.began = false;
    this.works.shift();
    this.#next();
  }

  /** `drm_sched_run_job_work`. */
  *#run(): Steps<void> {
    if (this.stopped) return;
    const at = this.#select();
    if (at < 0) return;
    const { job, entity } = this.#takeQueued(at);
    entity.jobs.shift();
    entity.lastScheduled = job.finished;
    entity.busy = true;
    this.running++;
    const fence = yield* job.run();
    entity.busy = false;
    job.finished.sched?.scheduled.signal();
    if (typeof fence === "number") this.#done(job, fence);
    else fence.onSignal(() => this.#done(job, fence.error));
    this.wakeup();
  }

  #takeQueued(at: number): { readonly job: SchedJob; readonly entity: SchedEntity } {
    const { queued } = this;
    const taken = queued[at] as { job: SchedJob; entity: SchedEntity };
    if (at === 0) queued.shift();
    else queued.splice(at, 1);
    return taken;
  }

  /** `drm_sched_job_done`. */
  #done(job: SchedJob, error: number): void {
    this.running--;
    job.finished.signal(error);
    // While schedules are explored, a worker that has nothing to do is left out.
    if (!job.freesAlone && this.#machine.dev.stepping) this.wakeup();
    else {
      this.done.push(job);
      this.#queue("free_job");
    }
  }

  /** `drm_sched_free_job_work`. */
  *#free(): Steps<void> {
    yield* this.#freeAll();
    this.wakeup();
  }

  *#freeAll(): Steps<void> {
    for (let job = this.done.shift(); job !== undefined; job = this.done.shift())
      if (job.freesAlone) yield* job.free();
  }
}
