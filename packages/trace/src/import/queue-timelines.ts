/** Orders work of different queues by a syncobj for each queue: a timeline whose points are the numbers of its fences. */
import type { NeutralSubmit, SyncOp } from "@gpuvm/drm-model";
import type { Mutable } from "../raw-event.ts";

/** A piece of work, by its queue and the number of its fence there. */
export interface WorkOf {
  readonly queue: number;
  readonly fence: number;
}

/** Where requests go that stand before the work at hand, at its time. */
export type EmitBefore = (
  request: { readonly op: "syncobj_create"; readonly syncobj: number } | Omit<NeutralSubmit, "t" | "f">,
) => void;

/** What is known of one queue that lives. */
interface Queue {
  readonly vm: number;
  /** Its last fence. */
  last: number;
}

/**
 * Nothing is signalled before the first wait: a trace without waits has no syncobjs. From then on all work signals, as what will be waited
 * for is not known before.
 */
export class QueueTimelines {
  readonly #queues = new Map<number, Queue>();
  /** The last point that is signalled on each queue's syncobj, which has the queue's number. */
  readonly #signalled = new Map<number, number>();
  #began = false;

  /** The work at hand. */
  submit(request: Mutable<NeutralSubmit>, fence: number, before: EmitBefore): void {
    const { queue, vm } = request;
    this.#queues.set(queue, { vm, last: fence });
    if (this.#began) this.#signal(request, fence, before);
  }

  /** A queue has gone; its work is done. */
  drop(queue: number): void {
    this.#queues.delete(queue);
  }

  /**
   * The work at hand waits for other work. Within a queue the order is that of the requests.
   *
   * @returns whether there was something to say
   */
  wait(request: Mutable<NeutralSubmit>, own: WorkOf, on: WorkOf, before: EmitBefore): boolean {
    const { queue, fence } = on;
    if (queue === own.queue) return false;
    if (request.syncOps?.some((op) => op.wait && op.handle === queue && (op.point ?? 0) >= fence))
      return false;
    if (!this.#began) {
      this.#began = true;
      this.#signal(request, own.fence, before);
    }
    const reached = this.#signalled.get(queue) ?? 0;
    if (reached < fence) {
      // It was there before the first wait: what signals stands behind all that the queue has by now.
      const of = this.#queues.get(queue);
      if (of === undefined) return false;
      const late = { op: "submit", vm: of.vm, queue, bos: null, writes: [], work: false } as const;
      const syncOps = [this.#point(queue, of.last, before)];
      before({ ...late, syncOps });
    }
    const wait: SyncOp = { handle: queue, wait: true, point: fence };
    request.syncOps = [wait, ...(request.syncOps ?? [])];
    return true;
  }

  #signal(request: Mutable<NeutralSubmit>, fence: number, before: EmitBefore): void {
    request.syncOps = [...(request.syncOps ?? []), this.#point(request.queue, fence, before)];
  }

  #point(queue: number, point: number, before: EmitBefore): SyncOp {
    if (!this.#signalled.has(queue)) before({ op: "syncobj_create", syncobj: queue });
    this.#signalled.set(queue, point);
    return { handle: queue, wait: false, point };
  }
}
