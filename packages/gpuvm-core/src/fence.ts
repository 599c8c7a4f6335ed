/** What a scheduler's fence knows beside (`struct drm_sched_fence`). */
export interface SchedOfFence {
  /** The scheduler that will run the job, or ran it. */
  readonly by: object;
  /** Signals when the job is given to the hardware. */
  readonly scheduled: DmaFence;
}

/** Who wants to know that a fence has signalled (`struct dma_fence_cb`), for which nothing else is to be made then. */
export interface DmaFenceCb {
  /** It has (`dma_fence_func_t`). */
  fenceSignaled(fence: DmaFence): void;
}

/** What can be told of a signal. */
export type FenceCallback = DmaFenceCb | (() => void);

/**
 * A point on a timeline (`struct dma_fence`). Fences of one context signal in the order of their numbers.
 */
export class DmaFence {
  /** The timeline (`dma_fence_context_alloc`). */
  readonly context: number;
  /** Position on it. */
  readonly seqno: number;
  /** `dma_fence_is_signaled`. */
  signaled = false;
  /** 0, or why the work failed (negative errno). */
  error = 0;
  /** For the end of a job of a scheduler; null: a fence of another kind (`to_drm_sched_fence`). */
  sched: SchedOfFence | null = null;
  // Nearly every fence has one callback, and many a replay millions of fences: one is no list.
  #callback: FenceCallback | null = null;
  #others: FenceCallback[] | null = null;

  /** An unsignalled fence. */
  constructor(context: number, seqno: number) {
    this.context = context;
    this.seqno = seqno;
  }

  /** Signals once, then runs the callbacks in the order in which they were added (`dma_fence_signal`). */
  signal(error = 0): void {
    if (this.signaled) return;
    this.signaled = true;
    this.error = error;
    const callback = this.#callback;
    const others = this.#others;
    this.#callback = null;
    this.#others = null;
    if (callback !== null) this.#tell(callback);
    if (others !== null) for (const other of others) this.#tell(other);
  }

  /** Runs `fn` at the signal, or now if that has been (`dma_fence_add_callback`). */
  onSignal(fn: FenceCallback): void {
    if (this.signaled) this.#tell(fn);
    else if (this.#callback === null) this.#callback = fn;
    else if (this.#others === null) this.#others = [fn];
    else this.#others.push(fn);
  }

  /** Takes one back (`dma_fence_remove_callback`). @returns false if there is none: it has run */
  removeCallback(fn: FenceCallback): boolean {
    if (this.#callback === fn) {
      this.#callback = this.#others?.shift() ?? null;
      return true;
    }
    const at = this.#others?.indexOf(fn) ?? -1;
    if (at >= 0) this.#others?.splice(at, 1);
    return at >= 0;
  }

  #tell(callback: FenceCallback): void {
    if (typeof callback === "function") callback();
    else callback.fenceSignaled(this);
  }

  /** Shown in findings. */
  get name(): string {
    return `fence ${this.context}:${this.seqno}`;
  }
}
