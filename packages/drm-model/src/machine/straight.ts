import { type DmaFence, type DrmDevice, type Steps, Task } from "@gpuvm/core";
import type { Work } from "./work.ts";
import type { WorkQueue } from "./work-queue.ts";

/** A worker has to wait in the midst of its work: only as a generator could it, while others go on. */
export class NotStraight extends Error {}

/** What is asked of the machine. */
export interface Others {
  /** Runs one worker, or lets time pass until the next timer; false: nothing is left to do. */
  progress(): boolean;
  /** A call ended in an error. */
  failed(error: unknown, task: Task): void;
}

/** Work that waits for fences, one after the other. */
interface Waiting {
  readonly work: Work;
  readonly behind: readonly DmaFence[];
  /** Those before this one have signalled. */
  at: number;
  /** How many began to wait before. */
  since: number;
}

/**
 * Runs calls that are plain functions, in the order in which `Machine` runs generators. A program's call that must wait lets the
 * others go on from where it stands. A worker cannot, for then it would be above whoever may be the first that can go on: it may
 * wait before its work (`Machine.queueWorkBehind`), and if it has to later on the replay ends with {@link NotStraight}.
 */
export class Straight {
  readonly #dev: DrmDevice;
  readonly #others: Others;
  /** Work not yet begun. */
  readonly #pending: WorkQueue;
  /** Work that waited for a fence, which has signalled. */
  readonly #woken: Waiting[] = [];
  #waits = 0;
  #working = false;
  /** A call had to wait since the workers last ran until none could go on: they have begun to take turns. */
  #waited = false;

  /** Nothing runs. */
  constructor(dev: DrmDevice, pending: WorkQueue, others: Others) {
    this.#dev = dev;
    this.#pending = pending;
    this.#others = others;
    dev.onPass = () => this.#wait();
  }

  /** As `Machine.call`. */
  call<T>(begin: Steps<T> | (() => Steps<T>), task: Task, lazy: boolean): T | undefined {
    if (typeof begin !== "function" || lazy)
      throw new TypeError("a plain function has run before it can be called");
    const result = this.#run(begin, task);
    // Most calls leave no work behind, and let nobody else work.
    if (this.#pending.length > 0 || this.#woken.length > 0 || this.#waited) this.settle();
    this.#waited = false;
    return result;
  }

  /** Runs workers until none can go on. */
  settle(): void {
    while (this.runWorker()) {}
  }

  /** Runs one worker; false: none can go on. */
  runWorker(): boolean {
    if (this.#woken.length > 0) {
      const woken = this.#ready();
      if (woken !== undefined) {
        this.#startBehind(woken);
        return true;
      }
    }
    const work = this.#pending.take();
    if (work === undefined) return false;
    if (work.behind === null) this.#start(work);
    else this.#startBehind({ work, behind: work.behind, at: 0, since: 0 });
    return true;
  }

  /** The first that waited, and need not any more; it may have to wait again. */
  #ready(): Waiting | undefined {
    const woken = this.#woken;
    if (this.#pending.first?.urgent === true) return undefined;
    let first = 0;
    for (let i = 1; i < woken.length; i++)
      if ((woken[i] as Waiting).since < (woken[first] as Waiting).since) first = i;
    return woken.splice(first, 1)[0];
  }

  /** Starts work if all that it is behind has signalled; if not, it waits. */
  #startBehind(waiting: Waiting): void {
    const { work, behind } = waiting;
    while (behind[waiting.at]?.signaled === true) waiting.at++;
    const fence = behind[waiting.at];
    if (fence === undefined) {
      this.#start(work);
      return;
    }
    waiting.since = this.#waits++;
    fence.onSignal(() => this.#woken.push(waiting));
  }

  #start(work: Work): void {
    this.#working = true;
    work.task ??= new Task(work.label, work.context);
    this.#run(work.start, work.task);
    this.#working = false;
  }

  #run<T>(begin: () => Steps<T>, task: Task): T | undefined {
    const dev = this.#dev;
    const before = dev.current;
    dev.current = task;
    let result: T | undefined;
    try {
      // A `Steps<T>` is a `T` here.
      result = begin() as T;
    } catch (error) {
      this.#others.failed(error, task);
    }
    dev.current = before;
    return result;
  }

  /** The running call waits for what the device's point says. */
  #wait(): void {
    const dev = this.#dev;
    const task = dev.current;
    const { lock, fence, until, interrupt, label } = dev.point;
    if (this.#working) throw new NotStraight(`${task.name} waits in ${label}`);
    this.#waited = true;
    const mayGoOn = () =>
      interrupt?.killed === true ||
      (lock !== null ? lock.owner === null : fence !== null ? fence.signaled : until?.() !== false);
    while (!mayGoOn()) {
      if (!this.#others.progress())
        throw new NotStraight(`${task.name} waits in ${label}, and nothing else can run`);
    }
    dev.current = task;
  }
}
