/**
 * What a task may do where it runs: `process` everything; `signalling` (a scheduler's `run_job`, the dma-fence
 * signalling path) neither allocate nor take a dma_resv; `reclaim` (a shrinker) only try-lock; `atomic` not sleep.
 */
export type TaskContext = "process" | "signalling" | "reclaim" | "atomic";

/** A lock as the task that holds it knows it: `Lock` is the only one. */
export interface HeldLock {
  /** Shown in errors. */
  readonly name: string;
  /** The lock's class in lockdep's sense. */
  readonly cls: string;
}

/** A thread of execution: a system call, a worker, a shrinker. Locks have tasks as owners. */
export class Task {
  /** Shown in counterexamples and errors. */
  readonly name: string;
  /** Which rules apply now. */
  context: TaskContext;
  /** Locks taken so far (acquisitions, not distinct locks). */
  locks = 0;
  /** Times this task had to wait for a lock or a fence. */
  waits = 0;
  /** {@link Task.locks} when what is counted now began. */
  lockMark = 0;
  /** {@link Task.waits} when what is counted now began. */
  waitMark = 0;
  /** Objects that the submit at hand has locked or named: counted here, a call's own variable would be part of a state. */
  objects = 0;
  /** What is to be done when the system call that it makes is over (`task_struct.task_works`); null: it makes none. */
  works: (() => unknown)[] | null = null;
  #held: HeldLock[] | null = null;

  /** A task that holds nothing. */
  constructor(name: string, context: TaskContext = "process") {
    this.name = name;
    this.context = context;
  }

  /** Locks held, in order of acquisition; kept only while lock checks are on. */
  get held(): HeldLock[] {
    this.#held ??= [];
    return this.#held;
  }
}
