import type { DmaFence, DrmDevice, Interruptible, Lock, Steps, Task } from "@gpuvm/core";

/** A call in progress: the task it runs as, and what it waits for. */
export class Thread<T = unknown> {
  /** Who runs it. */
  readonly task: Task;
  /** The call. */
  readonly steps: Steps<T>;
  /** Done; {@link Thread.result} is set. */
  done = false;
  /** What the call returned. */
  result: T | undefined;
  #lock: Lock | null = null;
  #fence: DmaFence | null = null;
  #until: (() => boolean) | null = null;
  #interrupt: Interruptible | null = null;

  /** A call that has not begun. */
  constructor(task: Task, steps: Steps<T>) {
    this.task = task;
    this.steps = steps;
  }

  /** Whether it can go on. */
  ready(): boolean {
    if (this.#interrupt?.killed === true) return true;
    if (this.#lock !== null) return this.#lock.owner === null;
    if (this.#fence !== null) return this.#fence.signaled;
    return this.#until === null || this.#until();
  }

  /** The fence that it waits for, and that has not signalled, or null. */
  get blockedOn(): DmaFence | null {
    return this.#fence !== null && !this.#fence.signaled ? this.#fence : null;
  }

  /** The kind of what it waits for: a fence, a wait queue with a condition, a lock. */
  get waitsOn(): "fence" | "queue" | "lock" {
    if (this.#lock !== null) return "lock";
    return this.#fence !== null ? "fence" : "queue";
  }

  /** The lock that it waits for, or null. */
  get waitsForLock(): Lock | null {
    return this.#lock;
  }

  /** What it waits for, in words. */
  get waitsFor(): string {
    if (this.#lock !== null) return `${this.#lock.name}, held by ${this.#lock.owner?.name ?? "nobody"}`;
    return this.#fence?.name ?? (this.#until === null ? "nothing" : "a condition");
  }

  /** Goes on to the next stop, or to the end. It must be ready. */
  step(dev: DrmDevice): void {
    dev.current = this.task;
    const { done, value } = this.steps.next();
    if (done) {
      this.done = true;
      this.result = value as T;
      this.#lock = null;
      this.#fence = null;
      this.#until = null;
      this.#interrupt = null;
      return;
    }
    this.#lock = value.lock;
    this.#fence = value.fence;
    this.#until = value.until;
    this.#interrupt = value.interrupt;
  }
}
