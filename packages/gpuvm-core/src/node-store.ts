const NODE_SHIFT = 6;
const NODE: number = 1 << NODE_SHIFT;

/**
 * Inner nodes of the index: sorted runs of `key -> leaf` without gaps, in shared typed arrays.
 *
 * # Invariants
 * Behind a run's last entry its keys are Infinity, so that a search need not know how many there are.
 */
export class NodeStore {
  /** Keys by slot. Replaced when the store grows, as are the others. */
  keys: Float64Array;
  /** Leaves by slot. */
  ids: Int32Array;
  /** Leaves of each node. */
  counts: Int32Array;
  #capacity = 1;
  #fresh = 0;
  readonly #free: number[] = [];

  /** No nodes. */
  constructor() {
    this.keys = new Float64Array(NODE).fill(Number.POSITIVE_INFINITY);
    this.ids = new Int32Array(NODE);
    this.counts = new Int32Array(1);
  }

  /** An empty node. */
  alloc(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#fresh === this.#capacity) this.#grow();
    return this.#fresh++;
  }

  /** Gives an empty node back. */
  free(node: number): void {
    this.#free.push(node);
  }

  /** Puts a leaf before what is at a position. */
  insert(node: number, pos: number, key: number, leaf: number): void {
    const at = (node << NODE_SHIFT) + pos;
    const n = this.counts[node] as number;
    const end = (node << NODE_SHIFT) + n;
    this.keys.copyWithin(at + 1, at, end);
    this.ids.copyWithin(at + 1, at, end);
    this.keys[at] = key;
    this.ids[at] = leaf;
    this.counts[node] = n + 1;
  }

  /** Takes a leaf out. */
  remove(node: number, pos: number): void {
    const at = (node << NODE_SHIFT) + pos;
    const n = this.counts[node] as number;
    const end = (node << NODE_SHIFT) + n;
    this.keys.copyWithin(at, at + 1, end);
    this.ids.copyWithin(at, at + 1, end);
    this.keys[end - 1] = Number.POSITIVE_INFINITY;
    this.counts[node] = n - 1;
  }

  /** Moves all but the first `keep` leaves to an empty node. */
  moveTail(from: number, to: number, keep: number): void {
    const { keys, ids, counts } = this;
    const src = (from << NODE_SHIFT) + keep;
    const end = (from << NODE_SHIFT) + (counts[from] as number);
    keys.copyWithin(to << NODE_SHIFT, src, end);
    ids.copyWithin(to << NODE_SHIFT, src, end);
    keys.fill(Number.POSITIVE_INFINITY, src, end);
    counts[from] = keep;
    counts[to] = end - src;
  }

  /** Bytes of all arrays. */
  get bytes(): number {
    return this.keys.byteLength + this.ids.byteLength + this.counts.byteLength;
  }

  #grow(): void {
    const capacity = this.#capacity < 16 ? this.#capacity * 2 : Math.ceil(this.#capacity * 1.25);
    const keys = new Float64Array(capacity * NODE).fill(Number.POSITIVE_INFINITY);
    keys.set(this.keys);
    const ids = new Int32Array(capacity * NODE);
    ids.set(this.ids);
    const counts = new Int32Array(capacity);
    counts.set(this.counts);
    this.keys = keys;
    this.ids = ids;
    this.counts = counts;
    this.#capacity = capacity;
  }
}
