import { GpuvmError } from "./error.ts";
import { type GpuvaOp, GpuvaOpSlot } from "./op.ts";

/** Operations that a pooled list keeps for later requests. */
const KEEP = 4096;

/**
 * An ordered list of operations (`struct drm_gpuva_ops`). It holds for the tree it was computed from; free it with
 * `gpuvaOpsFree`, and read no operation of it afterwards. `Op`: the kinds that are in it.
 */
export class GpuvaOps<Op extends GpuvaOp = GpuvaOp> implements Iterable<Op> {
  /** How many operations there are. */
  length = 0;
  /** @internal */
  freed = false;
  /** The operations; behind `length`: what earlier requests left. @internal */
  slots: GpuvaOpSlot[] = [];

  /** The operations, in order. Allocates. */
  get list(): Op[] {
    return this.slots.slice(0, this.length) as GpuvaOp[] as Op[];
  }

  /** The operation at a position in `[0, length)`. */
  at(i: number): Op {
    return this.slots[i] as GpuvaOp as Op;
  }

  /** Appends an operation: for drivers' own. */
  push(op: GpuvaOpSlot): void {
    this.slots[this.length++] = op;
  }

  /** The operation behind the last one, with old contents; it counts once `length` says so. @internal */
  spare(): GpuvaOpSlot {
    const { slots, length } = this;
    return length < slots.length ? (slots[length] as GpuvaOpSlot) : this.#more();
  }

  #more(): GpuvaOpSlot {
    const op = new GpuvaOpSlot();
    this.slots.push(op);
    return op;
  }

  /** The operations, in order. */
  [Symbol.iterator](): IterableIterator<Op> {
    return this.list[Symbol.iterator]();
  }
}

/** Freed lists of one VM, with their operations, for the next request. */
export class OpsPool {
  #spare: GpuvaOps | null = null;
  readonly #others: GpuvaOps[] = [];

  /** An empty list. */
  list(): GpuvaOps {
    const ops = this.#spare;
    if (ops === null) return this.#another();
    this.#spare = null;
    ops.freed = false;
    return ops;
  }

  #another(): GpuvaOps {
    const ops = this.#others.pop() ?? new GpuvaOps();
    ops.freed = false;
    return ops;
  }

  /** Takes a list back with what is in it; in quarantine it is never used again, and nothing is left in it to be read. */
  give(ops: GpuvaOps, quarantine: boolean): void {
    if (ops.freed) throw freedTwice();
    ops.freed = true;
    if (ops.length > KEEP) ops.slots = [];
    ops.length = 0;
    if (quarantine) {
      ops.slots = [];
      return;
    }
    if (this.#spare === null) this.#spare = ops;
    else if (this.#others.length < 64) this.#others.push(ops);
  }
}

function freedTwice(): GpuvmError {
  return new GpuvmError("USE_AFTER_FREE", "a list of operations is freed twice");
}
