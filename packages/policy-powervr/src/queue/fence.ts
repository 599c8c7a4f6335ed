import type { Counted, DmaFence, Holder } from "@gpuvm/core";
import type { PvrContext } from "./context.ts";
import { putContext } from "./context.ts";

/**
 * The fences of one job as one: the scheduler's `finished` holds its `scheduled`, which holds the driver's `done` fence,
 * which holds the context (`pvr_queue_fence_init`).
 */
export class PvrFence implements Counted {
  /** The point on the queue's timeline. */
  readonly base: DmaFence;
  readonly #ctx: PvrContext;
  readonly #id: number;
  /** References: the job's, and one for each dma_resv it is in. */
  refs = 1;

  /** A fence that its job holds. */
  constructor(ctx: PvrContext, base: DmaFence, holder: Holder) {
    this.#ctx = ctx;
    this.base = base;
    this.#id = ctx.pvr.dev.serial();
    ctx.pvr.dev.ledger?.get(this, holder);
    ctx.get(this);
  }

  /** `fence#7`, for findings. */
  get name(): string {
    return `fence#${this.#id}`;
  }

  /** Takes a reference (`dma_fence_get`). */
  get(holder: Holder): void {
    this.refs++;
    this.#ctx.pvr.dev.ledger?.get(this, holder);
  }

  /** Drops one (`dma_fence_put`); the last leaves the context to a worker (`pvr_queue_fence_release_work`). */
  put(holder: Holder): void {
    this.#ctx.pvr.dev.ledger?.put(this, holder);
    if (--this.refs > 0) return;
    const { machine, rules } = this.#ctx.pvr;
    const put = () => putContext(this.#ctx, this);
    rules.putContextOfFence(put, () => machine.queueWork("pvr_queue_fence_release_work", put));
  }
}
