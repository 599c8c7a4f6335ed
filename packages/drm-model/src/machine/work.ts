import type { DmaFence, Steps, TaskContext } from "@gpuvm/core";

/** Work for later, in a task of its own. */
export interface Work {
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
}
