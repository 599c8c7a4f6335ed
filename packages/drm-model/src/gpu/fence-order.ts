import { DmaFence, ECANCELED } from "@gpuvm/core";

/** Where what is found is told. */
interface Told {
  hazard(kind: "fence-order", object: string, detail: string): void;
}

/**
 * A fence on a machine that watches: found if it signals before an earlier one of its timeline. A later fence stands for those
 * before it: a dma_resv keeps it in their place, and who waits for it takes them for done. Of work that its driver has cancelled
 * (-ECANCELED) nobody takes that.
 */
class WatchedFence extends DmaFence {
  readonly machine: Told;
  /** The one before it on its timeline, if that was pending when this one was made. */
  readonly before: DmaFence | null;

  constructor(machine: Told, context: number, seqno: number, before: DmaFence | null) {
    super(context, seqno);
    this.machine = machine;
    this.before = before;
  }

  override signal(error = 0): void {
    const { before } = this;
    if (!this.signaled && before?.signaled === false && error !== -ECANCELED) {
      const what = `${this.name} signals before ${before.name}, which it stands for`;
      this.machine.hazard("fence-order", "a timeline", what);
    }
    super.signal(error);
  }
}

/** Which fence of each timeline was made last, on a machine that watches. */
export class FenceOrder {
  readonly #last: Map<number, DmaFence> = new Map();
  readonly #machine: Told;

  /** No timeline has a fence. */
  constructor(machine: Told) {
    this.#machine = machine;
  }

  /** The next fence of a timeline. */
  fence(context: number, seqno: number): DmaFence {
    const last = this.#last.get(context);
    const before = last === undefined || last.signaled || last.seqno >= seqno ? null : last;
    const fence = new WatchedFence(this.#machine, context, seqno, before);
    this.#last.set(context, fence);
    return fence;
  }
}
