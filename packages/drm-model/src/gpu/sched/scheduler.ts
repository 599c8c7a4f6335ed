import type { Errno, Steps } from "@gpuvm/core";
import type { Machine } from "../../machine/machine.ts";
import { takeFirst } from "../../machine/take-first.ts";
import type { Timer } from "../../machine/timers.ts";
import { Work } from "../../machine/work.ts";
import type { CountedFence } from "../counted-fence.ts";
import type { EntityOps, EntityScheduler, SchedEntity } from "./sched-entity.ts";
import type { SchedFence } from "./sched-fence.ts";
import type { SchedJob } from "./sched-job.ts";

/** What a driver does for its jobs (`struct drm_sched_backend_ops`). */
export interface SchedOps<J extends SchedJob = SchedJob> extends EntityOps<J> {
  /** Gives the job to the hardware: its fence; or 0, it is done; or -errno. Must not wait for fences. */
  runJob(job: J): Steps<CountedFence | Errno>;
  /** The oldest job takes too long: `noHang`, it goes on; `reset`, it was dealt with. */
  timedoutJob?(job: J): Steps<"noHang" | "reset">;
}

/** How a scheduler is made. */
export interface SchedOptions<J extends SchedJob> {
  /** Shown in findings, and where its work is queued. */
  readonly name: string;
  /** The driver. */
  readonly ops: SchedOps<J>;
  /** Credits of the jobs that may run at once; default: no limit. */
  readonly creditLimit?: number;
  /** Nanoseconds after which the oldest job takes too long; default: never. Only on a machine with `timeouts`. */
  readonly timeoutNs?: number;
}

/**
 * Runs the jobs of its entities (`struct drm_gpu_scheduler`), the oldest first (the FIFO policy): by work items, one that
 * runs a job, and one that frees jobs that are done.
 */
export class DrmScheduler<J extends SchedJob = SchedJob> implements EntityScheduler<J> {
  /** The machine. */
  readonly machine: Machine;
  /** Shown in findings. */
  readonly name: string;
  /** The driver. */
  readonly ops: SchedOps<J>;
  /** Entities with jobs, or that had some. */
  readonly entities: SchedEntity<J>[] = [];
  /** Jobs on the hardware, oldest first (`pending_list`). */
  readonly running: J[] = [];
  /** Credits in use. */
  credits = 0;
  /** Work items do nothing (`pause_submit`). */
  paused = false;
  /** The job that timed out is done, and to be freed by who deals with it (`free_guilty`). */
  freeGuilty = false;
  /** Work items that are queued. */
  runQueued = false;
  /** See {@link DrmScheduler.runQueued}. */
  freeQueued = false;
  /** Work items that run now. */
  working = 0;
  /** When the oldest job takes too long. */
  timeout: Timer | null = null;
  readonly #runItem: Work;
  readonly #freeItem: Work;
  readonly #creditLimit: number;
  readonly #timeoutNs: number;
  #ages = 0;

  /** Nothing to run (`drm_sched_init`). */
  constructor(machine: Machine, options: SchedOptions<J>) {
    this.machine = machine;
    this.name = options.name;
    this.#runItem = new Work(`${options.name} run_job`, () => this.#runWork(), "signalling");
    this.#freeItem = new Work(`${options.name} free_job`, () => this.#freeWork());
    this.ops = options.ops;
    this.#creditLimit = options.creditLimit ?? Number.POSITIVE_INFINITY;
    this.#timeoutNs =
      machine.options.timeouts === true
        ? (options.timeoutNs ?? Number.POSITIVE_INFINITY)
        : Number.POSITIVE_INFINITY;
  }

  /** A number for a job that is pushed: greater than all before. */
  nextAge(): number {
    return ++this.#ages;
  }

  /** Knows an entity from now on (`drm_sched_rq_add_entity`). */
  add(entity: SchedEntity<J>): void {
    if (!entity.known) this.entities.push(entity);
    entity.known = true;
  }

  /** Knows it no more (`drm_sched_rq_remove_entity`). */
  remove(entity: SchedEntity<J>): void {
    if (entity.known) this.entities.splice(this.entities.indexOf(entity), 1);
    entity.known = false;
  }

  /** There may be a job to run (`drm_sched_wakeup`). */
  wake(): void {
    // Where there is no job to run, the work item would do nothing.
    if (this.paused || this.runQueued || this.#select() === null) return;
    this.runQueued = true;
    this.machine.queue(this.#runItem);
  }

  /** Work items do nothing, and the scheduler goes. Jobs that still run are on their own (`drm_sched_fini`). */
  fini(): void {
    this.paused = true;
    this.stopTimeout();
    if (this.running.length > 0) this.machine.dev.warn("Tearing down scheduler while jobs are pending!");
    else if (this.credits !== 0)
      this.machine.hazard(
        "leak",
        this.name,
        `${this.name} goes, and ${this.credits} of its credits are taken`,
      );
  }

  /** Work items may run again (`drm_sched_wqueue_start`). */
  resume(): void {
    this.paused = false;
    this.wake();
    this.#queueFree();
  }

  /** Watches over the oldest job, from now on (`drm_sched_start_timeout`). */
  startTimeout(): void {
    this.stopTimeout();
    if (this.running.length === 0 || this.#timeoutNs === Number.POSITIVE_INFINITY) return;
    const { machine } = this;
    this.timeout = machine.timers.add(machine.now + this.#timeoutNs, () => {
      this.timeout = null;
      machine.queueWork(`${this.name} timedout_job`, () => this.#timedout());
    });
  }

  /** Somebody knows that the oldest job hangs: it times out now (`drm_sched_fault`). */
  fault(): void {
    this.stopTimeout();
    this.machine.queueWork(`${this.name} timedout_job`, () => this.#timedout());
  }

  /** Watches no more (`cancel_delayed_work`). */
  stopTimeout(): void {
    if (this.timeout !== null) this.machine.timers.cancel(this.timeout);
    this.timeout = null;
  }

  /** The hardware is done with a job (`drm_sched_job_done`). */
  done(job: SchedJob, error: number): void {
    this.credits -= job.credits;
    const { base } = (job.fence as SchedFence).finished;
    base.signal(error === 0 ? base.error : error);
    this.#queueFree();
  }

  /** The entity whose job comes next, if the job fits (`drm_sched_select_entity`). */
  #select(): SchedEntity<J> | null {
    let first: SchedEntity<J> | null = null;
    for (const entity of this.entities)
      if (entity.ready && (first === null || entity.age < first.age)) first = entity;
    const job = first?.queue[0];
    return job === undefined || this.credits + job.credits > this.#creditLimit ? null : first;
  }

  /** `drm_sched_run_job_work`. */
  *#runWork(): Steps<void> {
    this.runQueued = false;
    const entity = this.paused ? null : this.#select();
    if (entity === null) return;
    const job = entity.pop();
    this.working++;
    if (job !== null) yield* this.#run(entity, job);
    this.working--;
    this.wake();
  }

  *#run(entity: SchedEntity<J>, job: J): Steps<void> {
    this.credits += job.credits;
    this.running.push(job);
    this.startTimeout();
    entity.busy = true;
    const hardware = yield* this.ops.runJob(job);
    entity.busy = false;
    const fence = job.fence as SchedFence;
    fence.setScheduled(typeof hardware === "number" ? null : hardware);
    if (typeof hardware === "number") this.done(job, hardware);
    else job.follow(hardware.base);
  }

  #queueFree(): void {
    if (this.paused || this.freeQueued) return;
    this.freeQueued = true;
    this.machine.queue(this.#freeItem);
  }

  /** `drm_sched_free_job_work`. */
  *#freeWork(): Steps<void> {
    this.freeQueued = false;
    this.working++;
    while (!this.paused) {
      const job = this.running[0];
      if (job === undefined || !(job.fence as SchedFence).finished.base.signaled) break;
      takeFirst(this.running);
      this.startTimeout();
      yield* this.ops.freeJob(job);
    }
    this.working--;
    this.wake();
  }

  /** `drm_sched_job_timedout`. */
  *#timedout(): Steps<void> {
    const job = this.running.shift();
    if (job !== undefined && this.ops.timedoutJob !== undefined) {
      const status = yield* this.ops.timedoutJob(job);
      if (this.freeGuilty) {
        this.freeGuilty = false;
        yield* this.ops.freeJob(job);
      }
      if (status === "noHang") {
        this.running.unshift(job);
        this.#queueFree();
      }
    }
    this.startTimeout();
  }
}
