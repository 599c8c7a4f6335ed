/** Entries per leaf, as a shift. */
const LEAF_SHIFT = 6;
const LEAF = 1 << LEAF_SHIFT;
/** Leaves per node, as a shift. */
const NODE_SHIFT = 8;
const NODE = 1 << NODE_SHIFT;

/** Sorted arrays of `{key, id}` in fixed-size runs that share two typed arrays. */
class Runs {
  readonly size: number;
  keys: Float64Array;
  ids: Int32Array;
  counts: Int32Array;
  #capacity: number;
  #fresh = 0;
  readonly #free: number[] = [];

  constructor(size: number, capacity: number) {
    this.size = size;
    this.#capacity = capacity;
    this.keys = new Float64Array(capacity * size);
    this.ids = new Int32Array(capacity * size);
    this.counts = new Int32Array(capacity);
  }

  alloc(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#fresh === this.#capacity) this.#grow();
    return this.#fresh++;
  }

  free(run: number): void {
    this.counts[run] = 0;
    this.#free.push(run);
  }

  /** Position of the last key at or below `key` in a run, or -1. */
  floor(run: number, key: number): number {
    const keys = this.keys;
    const base = run * this.size;
    let lo = base;
    let n = this.counts[run] as number;
    while (n > 1) {
      const half = n >> 1;
      if ((keys[lo + half] as number) <= key) lo += half;
      n -= half;
    }
    return n === 1 && (keys[lo] as number) <= key ? lo - base : -1;
  }

  insert(run: number, pos: number, key: number, id: number): void {
    const keys = this.keys;
    const ids = this.ids;
    const at = run * this.size + pos;
    const end = run * this.size + (this.counts[run] as number);
    for (let i = end; i > at; i--) {
      keys[i] = keys[i - 1] as number;
      ids[i] = ids[i - 1] as number;
    }
    keys[at] = key;
    ids[at] = id;
    this.counts[run] = (this.counts[run] as number) + 1;
  }

  remove(run: number, pos: number): void {
    const keys = this.keys;
    const ids = this.ids;
    const last = run * this.size + (this.counts[run] as number) - 1;
    for (let i = run * this.size + pos; i < last; i++) {
      keys[i] = keys[i + 1] as number;
      ids[i] = ids[i + 1] as number;
    }
    this.counts[run] = (this.counts[run] as number) - 1;
  }

  /** Moves the last `n` entries of `from` before those of `to`. */
  moveTail(from: number, to: number, n: number): void {
    const { keys, ids, size, counts } = this;
    const src = from * size + (counts[from] as number) - n;
    const dst = to * size;
    const had = counts[to] as number;
    if (had > 0) {
      keys.copyWithin(dst + n, dst, dst + had);
      ids.copyWithin(dst + n, dst, dst + had);
    }
    keys.copyWithin(dst, src, src + n);
    ids.copyWithin(dst, src, src + n);
    counts[from] = (counts[from] as number) - n;
    counts[to] = had + n;
  }

  /** Moves the first `n` entries of `from` behind those of `to`. */
  moveHead(from: number, to: number, n: number): void {
    const { keys, ids, size, counts } = this;
    const src = from * size;
    const had = counts[from] as number;
    const dst = to * size + (counts[to] as number);
    keys.copyWithin(dst, src, src + n);
    ids.copyWithin(dst, src, src + n);
    keys.copyWithin(src, src + n, src + had);
    ids.copyWithin(src, src + n, src + had);
    counts[from] = had - n;
    counts[to] = (counts[to] as number) + n;
  }

  get bytes(): number {
    return this.keys.byteLength + this.ids.byteLength + this.counts.byteLength;
  }

  #grow(): void {
    const capacity = this.#capacity < 1024 ? this.#capacity * 2 : Math.ceil(this.#capacity * 1.125);
    const keys = new Float64Array(capacity * this.size);
    keys.set(this.keys);
    const ids = new Int32Array(capacity * this.size);
    ids.set(this.ids);
    const counts = new Int32Array(capacity);
    counts.set(this.counts);
    this.keys = keys;
    this.ids = ids;
    this.counts = counts;
    this.#capacity = capacity;
  }
}

/**
 * A sorted map of distinct doubles to positive integers: leaves of up to 64 entries, nodes of up to 256 leaves, one
 * flat array of nodes on top. At a million entries a look touches three or four cache lines where a red-black tree
 * touches twenty. A cursor stays where the last operation was, so that a change beside it needs no second search.
 *
 * # Invariants
 * Keys ascend within a leaf, over the leaves of a node and over nodes. No leaf and no node is empty, except the only
 * one. A node's key for a leaf is at most the leaf's first key and greater than every key before it; the first leaf's
 * and the first node's key are -Infinity.
 */
export class BlockIndex {
  /** Entries. */
  size = 0;
  /** Grows with every insert and remove: a walker compares it to know whether its cursor still holds. */
  version = 0;
  readonly #leaves = new Runs(LEAF, 1);
  readonly #nodes = new Runs(NODE, 1);
  #topKeys = new Float64Array(4);
  #topNodes = new Int32Array(4);
  #topCount = 1;
  // The cursor: position of the node on top, of the leaf in the node, of the entry in the leaf (-1: before the first).
  #top = 0;
  #slot = 0;
  #leaf = 0;
  #pos = -1;

  /** An empty index. */
  constructor() {
    this.#leaves.alloc();
    this.#nodes.alloc();
    this.#nodes.insert(0, 0, Number.NEGATIVE_INFINITY, 0);
    this.#topKeys[0] = Number.NEGATIVE_INFINITY;
  }

  /** Id of the entry with the greatest key at or below `key`, or 0. The cursor is on it (or before the first entry). */
  floor(key: number): number {
    this.#seek(key);
    return this.#pos >= 0
      ? (this.#leaves.ids[(this.#leaf << LEAF_SHIFT) + this.#pos] as number)
      : this.#stepBack();
  }

  /** As {@link BlockIndex.floor}, without a search where the answer is under the cursor. */
  near(key: number): number {
    return this.#fits(key) ? this.current() : this.floor(key);
  }

  /** Key of the entry behind the cursor, or Infinity. */
  nextKey(): number {
    const pos = this.#pos + 1;
    if (pos < (this.#leaves.counts[this.#leaf] as number)) {
      return this.#leaves.keys[(this.#leaf << LEAF_SHIFT) + pos] as number;
    }
    const leaf = this.#leafBehind();
    return leaf < 0 ? Number.POSITIVE_INFINITY : (this.#leaves.keys[leaf << LEAF_SHIFT] as number);
  }

  /** Id of the entry behind the cursor, or 0. */
  nextId(): number {
    const pos = this.#pos + 1;
    if (pos < (this.#leaves.counts[this.#leaf] as number)) {
      return this.#leaves.ids[(this.#leaf << LEAF_SHIFT) + pos] as number;
    }
    const leaf = this.#leafBehind();
    return leaf < 0 ? 0 : (this.#leaves.ids[leaf << LEAF_SHIFT] as number);
  }

  /** Moves the cursor to the next entry and answers its id, or answers 0 and leaves it on the last. */
  advance(): number {
    const pos = this.#pos + 1;
    if (pos < (this.#leaves.counts[this.#leaf] as number)) {
      this.#pos = pos;
      return this.#leaves.ids[(this.#leaf << LEAF_SHIFT) + pos] as number;
    }
    return this.#nextLeaf();
  }

  /** Id of the entry under the cursor, or 0. */
  current(): number {
    return this.#pos < 0 ? 0 : (this.#leaves.ids[(this.#leaf << LEAF_SHIFT) + this.#pos] as number);
  }

  /** Whether the cursor is on the entry `key` -> `id`. */
  isAt(key: number, id: number): boolean {
    const at = (this.#leaf << LEAF_SHIFT) + this.#pos;
    return this.#pos >= 0 && this.#leaves.ids[at] === id && this.#leaves.keys[at] === key;
  }

  /** Puts the cursor before the first entry. */
  rewind(): void {
    this.#top = 0;
    this.#slot = 0;
    this.#leaf = this.#nodes.ids[(this.#topNodes[0] as number) << NODE_SHIFT] as number;
    this.#pos = -1;
  }

  /** Adds an entry whose key is not in the index. The cursor is on it. */
  insert(key: number, id: number): void {
    if (!this.#fits(key)) this.#seek(key);
    if (this.#leaves.counts[this.#leaf] === LEAF) this.#makeRoom(key);
    this.#leaves.insert(this.#leaf, ++this.#pos, key, id);
    this.size++;
    this.version++;
  }

  /** Takes out the entry with `key`. The cursor is before where it was. */
  remove(key: number): void {
    const at = (this.#leaf << LEAF_SHIFT) + this.#pos;
    if (
      this.#pos < 0 ||
      this.#leaves.keys[at] !== key ||
      this.#pos >= (this.#leaves.counts[this.#leaf] as number)
    ) {
      this.#seek(key);
    }
    this.#leaves.remove(this.#leaf, this.#pos--);
    this.size--;
    this.version++;
    if ((this.#leaves.counts[this.#leaf] as number) < LEAF / 4) this.#shrink();
  }

  /** What is wrong with the invariants above; nothing, if all is well. @internal */
  check(): string[] {
    const wrong: string[] = [];
    const { keys, ids, counts } = this.#leaves;
    let last = Number.NEGATIVE_INFINITY;
    let size = 0;
    for (let top = 0; top < this.#topCount; top++) {
      const node = this.#topNodes[top] as number;
      const leaves = this.#nodes.counts[node] as number;
      if (leaves === 0) wrong.push(`node ${top} is empty`);
      if (this.#topKeys[top] !== this.#nodes.keys[node << NODE_SHIFT])
        wrong.push(`node ${top} has another key on top`);
      for (let slot = 0; slot < leaves; slot++) {
        const where = `leaf ${slot} of node ${top}`;
        const leaf = this.#nodes.ids[(node << NODE_SHIFT) + slot] as number;
        const key = this.#nodes.keys[(node << NODE_SHIFT) + slot] as number;
        const n = counts[leaf] as number;
        size += n;
        if (n === 0 && this.size > 0) wrong.push(`${where} is empty`);
        if (top === 0 && slot === 0 && key !== Number.NEGATIVE_INFINITY)
          wrong.push("the first key is a number");
        if (key < last || (key === last && size > n))
          wrong.push(`the key of ${where} is not above what is before`);
        if (n > 0 && key > (keys[leaf << LEAF_SHIFT] as number)) wrong.push(`${where} begins below its key`);
        for (let i = leaf << LEAF_SHIFT; i < (leaf << LEAF_SHIFT) + n; i++) {
          if (!((keys[i] as number) > last)) wrong.push(`keys do not ascend in ${where}`);
          if (!((ids[i] as number) > 0)) wrong.push(`no id in ${where}`);
          last = keys[i] as number;
        }
      }
    }
    if (size !== this.size) wrong.push(`${size} entries, but size is ${this.size}`);
    return wrong;
  }

  /** Bytes of all arrays. */
  get bytes(): number {
    return this.#leaves.bytes + this.#nodes.bytes + this.#topKeys.byteLength + this.#topNodes.byteLength;
  }

  /** Cursor to the last entry at or below `key` within the leaf that would hold `key`. */
  #seek(key: number): void {
    let top = 0;
    for (let n = this.#topCount; n > 1; ) {
      const half = n >> 1;
      if ((this.#topKeys[top + half] as number) <= key) top += half;
      n -= half;
    }
    this.#top = top;
    const node = this.#topNodes[top] as number;
    this.#slot = this.#nodes.floor(node, key);
    this.#leaf = this.#nodes.ids[(node << NODE_SHIFT) + this.#slot] as number;
    this.#pos = this.#leaves.floor(this.#leaf, key);
  }

  /** Whether `key`, not in the index, belongs right behind the cursor in its leaf. */
  #fits(key: number): boolean {
    const pos = this.#pos;
    const base = this.#leaf << LEAF_SHIFT;
    const count = this.#leaves.counts[this.#leaf] as number;
    return (
      pos >= 0 &&
      pos + 1 < count &&
      (this.#leaves.keys[base + pos] as number) < key &&
      key < (this.#leaves.keys[base + pos + 1] as number)
    );
  }

  #stepBack(): number {
    if (this.#slot > 0) this.#slot--;
    else if (this.#top > 0) {
      this.#top--;
      this.#slot = (this.#nodes.counts[this.#topNodes[this.#top] as number] as number) - 1;
    } else return 0;
    return this.#enterLast();
  }

  #enterLast(): number {
    this.#leaf = this.#nodes.ids[
      ((this.#topNodes[this.#top] as number) << NODE_SHIFT) + this.#slot
    ] as number;
    this.#pos = (this.#leaves.counts[this.#leaf] as number) - 1;
    return this.current();
  }

  /** The leaf behind the cursor's, or -1. */
  #leafBehind(): number {
    const node = this.#topNodes[this.#top] as number;
    if (this.#slot + 1 < (this.#nodes.counts[node] as number)) {
      return this.#nodes.ids[(node << NODE_SHIFT) + this.#slot + 1] as number;
    }
    if (this.#top + 1 >= this.#topCount) return -1;
    return this.#nodes.ids[(this.#topNodes[this.#top + 1] as number) << NODE_SHIFT] as number;
  }

  #nextLeaf(): number {
    const node = this.#topNodes[this.#top] as number;
    if (this.#slot + 1 < (this.#nodes.counts[node] as number)) this.#slot++;
    else if (this.#top + 1 < this.#topCount) {
      this.#top++;
      this.#slot = 0;
    } else return 0;
    this.#leaf = this.#nodes.ids[
      ((this.#topNodes[this.#top] as number) << NODE_SHIFT) + this.#slot
    ] as number;
    this.#pos = 0;
    return this.#leaves.ids[this.#leaf << LEAF_SHIFT] as number;
  }

  /** The cursor's leaf is full: shifts to a neighbour in the node, or splits. The cursor stays right for `key`. */
  #makeRoom(key: number): void {
    const { counts, keys } = this.#leaves;
    const node = this.#topNodes[this.#top] as number;
    const base = node << NODE_SHIFT;
    const right = this.#slot + 1;
    if (right < (this.#nodes.counts[node] as number)) {
      const to = this.#nodes.ids[base + right] as number;
      const space = LEAF - (counts[to] as number);
      if (space >= LEAF / 8) {
        this.#leaves.moveTail(this.#leaf, to, space >> 1);
        this.#nodes.keys[base + right] = keys[to << LEAF_SHIFT] as number;
        this.#settle(to, right, key);
        return;
      }
    }
    if (this.#slot > 0) {
      const to = this.#nodes.ids[base + this.#slot - 1] as number;
      const space = LEAF - (counts[to] as number);
      if (space >= LEAF / 8) {
        this.#leaves.moveHead(this.#leaf, to, space >> 1);
        this.#nodes.keys[base + this.#slot] = keys[this.#leaf << LEAF_SHIFT] as number;
        this.#seek(key);
        return;
      }
    }
    this.#split(key);
  }

  /** After a move from the cursor's leaf to the leaf behind it: goes there if the cursor's entry went there. */
  #settle(to: number, slot: number, key: number): void {
    if (key < (this.#leaves.keys[to << LEAF_SHIFT] as number)) return;
    this.#pos -= this.#leaves.counts[this.#leaf] as number;
    this.#leaf = to;
    this.#slot = slot;
  }

  #split(key: number): void {
    const old = this.#leaf;
    const fresh = this.#leaves.alloc();
    // Appending at the very end leaves full leaves behind.
    const appends = this.#pos === LEAF - 1 && this.#isLastLeaf();
    if (!appends) this.#leaves.moveTail(old, fresh, LEAF / 2);
    const first = appends ? key : (this.#leaves.keys[fresh << LEAF_SHIFT] as number);
    if (this.#nodes.counts[this.#topNodes[this.#top] as number] === NODE) this.#splitNode();
    const node = this.#topNodes[this.#top] as number;
    this.#nodes.insert(node, this.#slot + 1, first, fresh);
    if (appends) {
      this.#leaf = fresh;
      this.#slot++;
      this.#pos = -1;
    } else this.#settle(fresh, this.#slot + 1, key);
  }

  #isLastLeaf(): boolean {
    const node = this.#topNodes[this.#top] as number;
    return this.#top === this.#topCount - 1 && this.#slot === (this.#nodes.counts[node] as number) - 1;
  }

  /** Splits the cursor's node; the cursor stays on its leaf. */
  #splitNode(): void {
    const old = this.#topNodes[this.#top] as number;
    const fresh = this.#nodes.alloc();
    const keep = this.#isLastLeaf() ? NODE - 1 : NODE / 2;
    this.#nodes.moveTail(old, fresh, NODE - keep);
    if (this.#topCount === this.#topKeys.length) {
      const keys = new Float64Array(this.#topCount * 2);
      keys.set(this.#topKeys);
      const nodes = new Int32Array(this.#topCount * 2);
      nodes.set(this.#topNodes);
      this.#topKeys = keys;
      this.#topNodes = nodes;
    }
    const at = this.#top + 1;
    this.#topKeys.copyWithin(at + 1, at, this.#topCount);
    this.#topNodes.copyWithin(at + 1, at, this.#topCount);
    this.#topKeys[at] = this.#nodes.keys[fresh << NODE_SHIFT] as number;
    this.#topNodes[at] = fresh;
    this.#topCount++;
    if (this.#slot >= keep) {
      this.#slot -= keep;
      this.#top = at;
    }
  }

  /** The cursor's leaf got small: merges it with its right neighbour in the node, or drops it when empty. */
  #shrink(): void {
    const { counts } = this.#leaves;
    const node = this.#topNodes[this.#top] as number;
    const base = node << NODE_SHIFT;
    const right = this.#slot + 1;
    if (right < (this.#nodes.counts[node] as number)) {
      const from = this.#nodes.ids[base + right] as number;
      const n = counts[from] as number;
      if (counts[this.#leaf] === 0) {
        // The neighbour takes over the empty leaf's place and key.
        this.#leaves.free(this.#leaf);
        this.#nodes.keys[base + right] = this.#nodes.keys[base + this.#slot] as number;
        this.#nodes.remove(node, this.#slot);
        this.#leaf = from;
        return;
      }
      if (n + (counts[this.#leaf] as number) > (LEAF * 3) / 4) return;
      this.#leaves.moveHead(from, this.#leaf, n);
      this.#leaves.free(from);
      this.#nodes.remove(node, right);
      return;
    }
    if (counts[this.#leaf] !== 0 || this.size === 0) return;
    // The last leaf of its node is empty: it goes, and the cursor to the end of the one before.
    this.#leaves.free(this.#leaf);
    this.#nodes.remove(node, this.#slot);
    if (this.#nodes.counts[node] === 0) this.#dropNode(node);
    else {
      this.#slot--;
      this.#enterLast();
    }
  }

  #dropNode(node: number): void {
    const at = this.#top;
    this.#nodes.free(node);
    this.#topKeys.copyWithin(at, at + 1, this.#topCount);
    this.#topNodes.copyWithin(at, at + 1, this.#topCount);
    this.#topCount--;
    if (at === 0) {
      this.#topKeys[0] = Number.NEGATIVE_INFINITY;
      this.#nodes.keys[(this.#topNodes[0] as number) << NODE_SHIFT] = Number.NEGATIVE_INFINITY;
      this.rewind();
      return;
    }
    this.#top = at - 1;
    this.#slot = (this.#nodes.counts[this.#topNodes[at - 1] as number] as number) - 1;
    this.#enterLast();
  }
}
