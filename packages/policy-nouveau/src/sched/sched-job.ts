import type { DmaFence, ListNode, Steps } from "@gpuvm/core";

/** A bind that others may have to wait for. */
export interface BindInFlight {
  /** It is given back (`complete`). */
  readonly complete: boolean;
  /** Whether it unmaps something in a range. */
  unmaps(addr: number, range: number): boolean;
}

/** A job in a scheduler's hands (`struct drm_sched_job`). */
export interface SchedJob {
  /** Shown in findings. */
  readonly label: string;
  /** What it takes of the ring while it runs. */
  readonly credits: number;
  /** What it waits for. */
  readonly after: readonly DmaFence[];
  /** Signals when it is done, or cancelled (`s_fence->finished`). */
  readonly finished: DmaFence;
  /** Does the work, in the path that signals fences: a fence of the hardware's, or 0 or -errno if there is none. */
  run(): Steps<DmaFence | number>;
  /** Gives back what it held, in process context; for a job that never ran, too. */
  free(): Steps<void>;
  /** It takes too long (`ops->timeout`); for some only the scheduler does something about it. */
  timeout(): void;
  /** The hardware's fence that it is followed by (`s_fence->parent`). */
  parent: DmaFence | null;
  /** The bind that it is, or null. */
  readonly bind: BindInFlight | null;
  /** On its scheduler's list of jobs that are not given back. */
  readonly onList: ListNode<SchedJob>;
}
