import { GpuvmError } from "./error.ts";
import { GpuvaOp } from "./op.ts";

/** Operations that a pool keeps for later lists. */
const KEEP = 4096;

/**
 * An ordered list of operations (`struct drm_gpuva_ops`). It holds for the tree it was computed from; free it with
 * `gpuvaOpsFree`, and read no operation of it afterwards.
 */
export class GpuvaOps implements Iterable<GpuvaOp> {
  /** The operations, in order. */
  readonly list: GpuvaOp[] = [];
  /** @internal */
  freed = false;

  /** How many operations there are. */
  get length(): number {
    return this.list.length;
  }

  /** The operation at a position in `[0, length)`. */
  at(i: number): GpuvaOp {
    return this.list[i] as GpuvaOp;
  }

  /** The operations in order. */
  [Symbol.iterator](): ArrayIterator<GpuvaOp> {
    return this.list[Symbol.iterator]();
  }
}

/** Freed lists and operations of one VM, for the next request. */
export class OpsPool {
  readonly #lists: GpuvaOps[] = [];
  readonly #ops: GpuvaOp[] = [];

  /** An empty list. */
  list(): GpuvaOps {
    const ops = this.#lists.pop();
    if (ops === undefined) return new GpuvaOps();
    ops.freed = false;
    return ops;
  }

  /** An operation with old contents. */
  op(): GpuvaOp {
    return this.#ops.pop() ?? new GpuvaOp();
  }

  /** Takes an operation back. */
  giveOp(op: GpuvaOp): void {
    if (this.#ops.length < KEEP) this.#ops.push(op);
  }

  /** Takes an empty list back. */
  giveList(ops: GpuvaOps): void {
    if (ops.freed) throw new GpuvmError("USE_AFTER_FREE", "a list of operations is freed twice");
    ops.freed = true;
    if (this.#lists.length < 64) this.#lists.push(ops);
  }
}
