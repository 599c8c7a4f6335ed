import type { DmaFence, Steps, Task, TaskContext } from "@gpuvm/core";

/** Work for later, in a task of its own. What is queued again and again is made once (`struct work_struct`). */
export class Work {
  /** Shown in findings. */
  readonly label: string;
  /** Where it runs. */
  readonly context: TaskContext;
  /** Begins it. */
  readonly start: () => Steps<void>;
  /** It is on the system's workqueue, and not on one of a driver's. */
  readonly system: boolean;
  /** Its worker has a real-time priority: it runs before anything else that can. */
  readonly urgent: boolean;
  /** Where calls are plain functions: what it waits for, one after the other, before it does anything. */
  readonly behind: readonly DmaFence[] | null;
  /** Where calls are plain functions: who does it, each time; null: it was not done yet. */
  task: Task | null = null;

  /** On a driver's workqueue, of no special priority, behind nothing: unless something else is said. */
  constructor(
    label: string,
    start: () => Steps<void>,
    context: TaskContext = "process",
    system = false,
    urgent = false,
    behind: readonly DmaFence[] | null = null,
  ) {
    this.label = label;
    this.context = context;
    this.start = start;
    this.system = system;
    this.urgent = urgent;
    this.behind = behind;
  }
}
