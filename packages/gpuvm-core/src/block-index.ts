import { checkIndex } from "./block-index-check.ts";
import { LeafStore } from "./leaf-store.ts";
import { NodeStore } from "./node-store.ts";
import type { VaTable } from "./va-table.ts";

/** Slots per leaf, as a shift. */
const LEAF_SHIFT = 5;
/** Slots per leaf. */
const LEAF: number = 1 << LEAF_SHIFT;
/** Entries that a leaf can hold: slot 0 is the sentinel's. */
const LEAF_ROOM: number = LEAF - 1;
/** Words per leaf, and where its ids begin. */
const WORDS: number = LEAF + 2;
const IDS = 2;
/** Leaves per node, as a shift. */
const NODE_SHIFT = 6;
/** Leaves per node. */
const NODE: number = 1 << NODE_SHIFT;

/**
 * A full leaf hands entries to a neighbour that has no more than this many. 22 inserts 8 % faster and takes 1.6 bytes
 * more for a mapping (measured at 10,000 and at 1,000,000).
 */
const SHARES = 26;
/** A leaf with fewer entries than this looks for a neighbour to join. */
const SPARSE = 8;
/** Joined leaves have at most this many entries. */
const JOINED = 20;
const LAST = LEAF - 1;

/**
 * A sorted map of distinct doubles to positive integers: leaves with gaps, nodes of up to 64 leaves, one flat array of
 * nodes on top. A search counts keys instead of branching on them, and at a million entries it touches some five
 * cache lines where a red-black tree touches twenty. A cursor stays where the last operation was, so that a change
 * beside it needs no second search, and a replacement moves nothing.
 *
 * Doubles go in through the fields `key` and `bound`: a call that is not inlined would box them as arguments.
 *
 * # Invariants
 * Keys ascend within a leaf, over the leaves of a node and over nodes. No leaf and no node is empty, except the only
 * one. A node's key for a leaf is at most the leaf's first key and greater than every key before it; the first leaf's
 * and the first node's key are -Infinity. The cursor is on the last slot of an entry or of the sentinel.
 */
export class BlockIndex {
  /** Entries. */
  size = 0;
  /** What to look for, or to put. */
  key: number = Number.NaN;
  /** See {@link BlockIndex.nextBelow}. */
  bound: number = Number.NaN;
  readonly #leaves = new LeafStore(1);
  readonly #nodes = new NodeStore();
  // Padded with Infinity for the search.
  #topKeys: Float64Array = new Float64Array(NODE * 2).fill(Number.POSITIVE_INFINITY);
  #topNodes: Int32Array = new Int32Array(NODE * 2);
  #topCount = 1;
  // The cursor: position of the node on top, of the leaf in the node, of the slot in the leaf.
  #top = 0;
  #slot = 0;
  #leaf = 0;
  #pos: number = LAST;
  readonly #vas: VaTable;

  /** An empty index of rows of `vas`. */
  constructor(vas: VaTable) {
    this.#vas = vas;
    this.#nodes.insert(this.#nodes.alloc(), 0, Number.NEGATIVE_INFINITY, this.#leaves.alloc());
    this.#topKeys[0] = Number.NEGATIVE_INFINITY;
  }

  /** Puts the cursor to `key`. Id of the entry with the greatest key at or below it, or 0. */
  floor(): number {
    this.#seek();
    return this.#here();
  }

  /** Id of the entry behind the cursor if its key is below `bound`, or 0. */
  nextBelow(): number {
    let slot = this.#pos + 1;
    let leaf = this.#leaf;
    if (slot === LEAF) {
      leaf = this.#leafBehind();
      if (leaf < 0) return 0;
      slot = this.#firstSlot(leaf);
    }
    return (this.#leaves.keys[(leaf << LEAF_SHIFT) + slot] as number) < this.bound
      ? (this.#leaves.words[leaf * WORDS + IDS + slot] as number)
      : 0;
  }

  /** Id of the entry behind the cursor, or 0. */
  nextId(): number {
    this.bound = Number.POSITIVE_INFINITY;
    return this.nextBelow();
  }

  /** Moves the cursor to the next entry and answers its id, or answers 0 and leaves it on the last. */
  advance(): number {
    const pos = this.#pos;
    if (pos === LAST) return this.#nextLeaf();
    const { words } = this.#leaves;
    const at = this.#leaf * WORDS;
    const behind = (words[at] as number) & (-4 << pos);
    this.#pos = behind === 0 ? LAST : 30 - Math.clz32(behind & -behind);
    return words[at + IDS + pos + 1] as number;
  }

  /** Moves the cursor from the row `id`, which is here, to the next one and answers that, or answers 0. */
  after(id: number): number {
    const { words } = this.#leaves;
    let at = this.#leaf * WORDS;
    let pos = this.#pos;
    if (words[at + IDS + pos] !== id) {
      this.key = this.#vas.f[id * 3] as number;
      this.#seek();
      at = this.#leaf * WORDS;
      pos = this.#pos;
    }
    if (pos === LAST) return this.#nextLeaf();
    const behind = (words[at] as number) & (-4 << pos);
    this.#pos = behind === 0 ? LAST : 30 - Math.clz32(behind & -behind);
    return words[at + IDS + pos + 1] as number;
  }

  /** Id of the entry under the cursor; 0 before the first entry of a leaf. */
  current(): number {
    return this.#leaves.words[this.#leaf * WORDS + IDS + this.#pos] as number;
  }

  /** Puts the cursor on `key` -> `id`, without a search where it is under or right behind the cursor. */
  goTo(id: number): void {
    const at = this.#leaf * WORDS + IDS + this.#pos;
    const { words } = this.#leaves;
    if (words[at] === id) return;
    if (this.#pos !== LAST && words[at + 1] === id) this.advance();
    else this.#seek();
  }

  /** Puts the cursor before the first entry. */
  rewind(): void {
    this.key = Number.NEGATIVE_INFINITY;
    this.#seek();
  }

  /**
   * Adds a row, whose `[addr, addr + range)` is not empty, if it overlaps none that is here. The cursor is on it.
   *
   * @returns whether it does not
   */
  insert(id: number): boolean {
    const { f } = this.#vas;
    const key = f[id * 3] as number;
    this.key = key;
    if (!this.#fits()) this.#seek();
    const before = this.#here();
    if (before !== 0 && (f[before * 3] as number) + (f[before * 3 + 1] as number) > key) return false;
    // Another row starts at or before this one at most; the next one starts behind it.
    this.bound = key + (f[id * 3 + 1] as number);
    if (this.nextBelow() !== 0) return false;
    this.#put(id, key);
    return true;
  }

  #put(id: number, key: number): void {
    if (this.#leaves.words[this.#leaf * WORDS + 1] === LEAF_ROOM) this.#makeRoom();
    const { keys, words } = this.#leaves;
    const pos = this.#pos;
    const at = this.#leaf * WORDS;
    const ids = at + IDS;
    const base = this.#leaf << LEAF_SHIFT;
    const bits = words[at] as number;
    const owner = 31 - Math.clz32(bits & ~(-2 << pos));
    let taken: number;
    if (owner !== pos) {
      // Gaps are here. The new entry takes most of them: entries often come in ascending order.
      taken = owner + 1 + ((pos - owner - 1) >> 2);
      for (let i = taken; i <= pos; i++) {
        keys[base + i] = key;
        words[ids + i] = id;
      }
    } else {
      const gapsAbove = ~bits & (-2 << pos);
      const gapsBelow = ~bits & ((1 << pos) - 1);
      const above = gapsAbove === 0 ? 2 * LEAF : 31 - Math.clz32(gapsAbove & -gapsAbove);
      const below = gapsBelow === 0 ? -LEAF : 31 - Math.clz32(gapsBelow);
      let to = pos;
      if (above - pos <= pos - below) {
        this.#pos = ++to;
        taken = above;
        for (let i = above; i > to; i--) {
          keys[base + i] = keys[base + i - 1] as number;
          words[ids + i] = words[ids + i - 1] as number;
        }
      } else {
        taken = below;
        for (let i = below; i < to; i++) {
          keys[base + i] = keys[base + i + 1] as number;
          words[ids + i] = words[ids + i + 1] as number;
        }
      }
      keys[base + to] = key;
      words[ids + to] = id;
    }
    words[at] = bits | (1 << taken);
    words[at + 1] = (words[at + 1] as number) + 1;
    this.size++;
  }

  /** Takes out a row that is here. The cursor is on what is before it. */
  remove(id: number): void {
    if (this.current() !== id) {
      this.key = this.#vas.f[id * 3] as number;
      this.#seek();
    }
    const { keys, words } = this.#leaves;
    const pos = this.#pos;
    const at = this.#leaf * WORDS;
    const ids = at + IDS;
    const base = this.#leaf << LEAF_SHIFT;
    const bits = words[at] as number;
    const owner = 31 - Math.clz32(bits & ~(-2 << pos));
    const key = keys[base + owner - 1] as number;
    const before = words[ids + owner - 1] as number;
    for (let i = owner; i <= pos; i++) {
      keys[base + i] = key;
      words[ids + i] = before;
    }
    const count = (words[at + 1] as number) - 1;
    words[at] = bits & ~(1 << owner);
    words[at + 1] = count;
    this.size--;
    if (count < SPARSE) {
      this.key = this.#vas.f[id * 3] as number;
      this.#shrink(count);
    }
  }

  /** What is wrong with the invariants above; nothing, if all is well. @internal */
  check(): string[] {
    const { size } = this;
    const [leaves, nodes, topKeys, topNodes] = [this.#leaves, this.#nodes, this.#topKeys, this.#topNodes];
    return checkIndex({ leaves, nodes, topKeys, topNodes, topCount: this.#topCount, size });
  }

  /** Bytes of all arrays. */
  get bytes(): number {
    return this.#leaves.bytes + this.#nodes.bytes + this.#topKeys.byteLength + this.#topNodes.byteLength;
  }

  /** Id under the cursor; before a leaf's first entry: of the last one of the leaf before, or 0. */
  #here(): number {
    const id = this.#leaves.words[this.#leaf * WORDS + IDS + this.#pos] as number;
    return id === 0 ? this.#before() : id;
  }

  /**
   * Cursor to the floor of `key` in the leaf that would hold it. Counting compares (a `setcc` each) took 15 ns for a
   * leaf in cache, halving with branches 37 ns, halving without branches 28 ns.
   */
  #seek(): void {
    const key = this.key;
    const t = this.#topKeys;
    let n = this.#topCount;
    let p = 0;
    if (n > 1) {
      for (; n > NODE; n -= n >> 1) p += (n >> 1) & -+((t[p + (n >> 1)] as number) <= key);
      if (n > 8) {
        p +=
          (+((t[p + 8] as number) <= key) +
            +((t[p + 16] as number) <= key) +
            +((t[p + 24] as number) <= key) +
            +((t[p + 32] as number) <= key) +
            +((t[p + 40] as number) <= key) +
            +((t[p + 48] as number) <= key) +
            +((t[p + 56] as number) <= key)) <<
          3;
      }
      p +=
        +((t[p + 1] as number) <= key) +
        +((t[p + 2] as number) <= key) +
        +((t[p + 3] as number) <= key) +
        +((t[p + 4] as number) <= key) +
        +((t[p + 5] as number) <= key) +
        +((t[p + 6] as number) <= key) +
        +((t[p + 7] as number) <= key);
    }
    this.#top = p;
    const m = this.#nodes.keys;
    const node = (this.#topNodes[p] as number) << NODE_SHIFT;
    let q =
      node +
      ((+((m[node + 8] as number) <= key) +
        +((m[node + 16] as number) <= key) +
        +((m[node + 24] as number) <= key) +
        +((m[node + 32] as number) <= key) +
        +((m[node + 40] as number) <= key) +
        +((m[node + 48] as number) <= key) +
        +((m[node + 56] as number) <= key)) <<
        3);
    q +=
      +((m[q + 1] as number) <= key) +
      +((m[q + 2] as number) <= key) +
      +((m[q + 3] as number) <= key) +
      +((m[q + 4] as number) <= key) +
      +((m[q + 5] as number) <= key) +
      +((m[q + 6] as number) <= key) +
      +((m[q + 7] as number) <= key);
    this.#slot = q - node;
    const leaf = this.#nodes.ids[q] as number;
    this.#leaf = leaf;
    const k = this.#leaves.keys;
    const base = leaf << LEAF_SHIFT;
    const r =
      base +
      ((+((k[base + 8] as number) <= key) +
        +((k[base + 16] as number) <= key) +
        +((k[base + 24] as number) <= key)) <<
        3);
    this.#pos =
      r -
      base +
      +((k[r + 1] as number) <= key) +
      +((k[r + 2] as number) <= key) +
      +((k[r + 3] as number) <= key) +
      +((k[r + 4] as number) <= key) +
      +((k[r + 5] as number) <= key) +
      +((k[r + 6] as number) <= key) +
      +((k[r + 7] as number) <= key);
  }

  /** Whether the cursor is where a search for `key` would put it. */
  #fits(): boolean {
    const pos = this.#pos;
    if (pos === LAST) return false;
    const at = (this.#leaf << LEAF_SHIFT) + pos;
    const { keys, words } = this.#leaves;
    const key = this.key;
    // Below the first entry of a leaf it may be a matter of the leaf before.
    return (
      (keys[at] as number) <= key &&
      key < (keys[at + 1] as number) &&
      words[this.#leaf * WORDS + IDS + pos] !== 0
    );
  }

  /** Slot of a leaf's first entry; one behind the last slot if it is empty. */
  #firstSlot(leaf: number): number {
    const entries = (this.#leaves.words[leaf * WORDS] as number) & -2;
    return entries === 0 ? LEAF : 31 - Math.clz32(entries & -entries);
  }

  /** Id of the last entry of the leaf before the cursor's, or 0. */
  #before(): number {
    let leaf: number;
    if (this.#slot > 0) {
      leaf = this.#nodes.ids[
        ((this.#topNodes[this.#top] as number) << NODE_SHIFT) + this.#slot - 1
      ] as number;
    } else if (this.#top > 0) {
      const node = this.#topNodes[this.#top - 1] as number;
      leaf = this.#nodes.ids[(node << NODE_SHIFT) + (this.#nodes.counts[node] as number) - 1] as number;
    } else return 0;
    return this.#leaves.words[leaf * WORDS + IDS + LAST] as number;
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
    const leaf = this.#leafBehind();
    if (leaf < 0) return 0;
    if (this.#slot + 1 < (this.#nodes.counts[this.#topNodes[this.#top] as number] as number)) this.#slot++;
    else {
      this.#top++;
      this.#slot = 0;
    }
    this.#leaf = leaf;
    this.#pos = this.#firstSlot(leaf) - 1;
    return this.advance();
  }

  /** The cursor's leaf is full: shares with a neighbour in the node, or splits. Searches `key` again. */
  #makeRoom(): void {
    const { words } = this.#leaves;
    const leaf = this.#leaf;
    const node = this.#topNodes[this.#top] as number;
    const at = (node << NODE_SHIFT) + this.#slot;
    if (this.#slot + 1 < (this.#nodes.counts[node] as number)) {
      const right = this.#nodes.ids[at + 1] as number;
      const n = words[right * WORDS + 1] as number;
      if (n <= SHARES) {
        this.#leaves.share(leaf, right, (LEAF_ROOM + n) >> 1);
        this.#nodes.keys[at + 1] = this.#leaves.firstKey(right);
        this.#seek();
        return;
      }
    }
    if (this.#slot > 0) {
      const left = this.#nodes.ids[at - 1] as number;
      const n = words[left * WORDS + 1] as number;
      if (n <= SHARES) {
        this.#leaves.share(left, leaf, (LEAF_ROOM + n) >> 1);
        this.#nodes.keys[at] = this.#leaves.firstKey(leaf);
        this.#seek();
        return;
      }
    }
    this.#split();
    this.#seek();
  }

  #split(): void {
    const old = this.#leaf;
    const fresh = this.#leaves.alloc();
    // Appending at the very end leaves full leaves behind.
    const appends = this.#pos === LAST && this.#isLastLeaf();
    if (!appends) this.#leaves.share(old, fresh, (LEAF_ROOM + 1) >> 1);
    const first = appends ? this.key : this.#leaves.firstKey(fresh);
    if (this.#nodes.counts[this.#topNodes[this.#top] as number] === NODE) this.#splitNode();
    this.#nodes.insert(this.#topNodes[this.#top] as number, this.#slot + 1, first, fresh);
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
    this.#nodes.moveTail(old, fresh, keep);
    if (this.#topCount + NODE >= this.#topKeys.length) this.#growTop();
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

  #growTop(): void {
    const keys = new Float64Array(this.#topKeys.length * 2).fill(Number.POSITIVE_INFINITY);
    keys.set(this.#topKeys);
    const nodes = new Int32Array(keys.length);
    nodes.set(this.#topNodes);
    this.#topKeys = keys;
    this.#topNodes = nodes;
  }

  /** The cursor's leaf got small: joins it with a neighbour in the node, or drops it when empty. */
  #shrink(count: number): void {
    if (this.size === 0) return;
    const node = this.#topNodes[this.#top] as number;
    const at = (node << NODE_SHIFT) + this.#slot;
    const leaf = this.#leaf;
    if (count === 0) this.#drop(node);
    else if (this.#slot + 1 < (this.#nodes.counts[node] as number)) {
      const right = this.#nodes.ids[at + 1] as number;
      const n = this.#leaves.words[right * WORDS + 1] as number;
      if (n + count > JOINED) return;
      this.#leaves.share(leaf, right, n + count);
      this.#leaves.free(right);
      this.#nodes.remove(node, this.#slot + 1);
    } else if (this.#slot > 0) {
      const left = this.#nodes.ids[at - 1] as number;
      const n = this.#leaves.words[left * WORDS + 1] as number;
      if (n + count > JOINED) return;
      this.#leaves.share(left, leaf, n + count);
      this.#leaves.free(leaf);
      this.#nodes.remove(node, this.#slot);
    } else return;
    this.#seek();
  }

  /** The cursor's leaf is empty and not the only one: the leaf before it takes over its keys, or the one behind. */
  #drop(node: number): void {
    this.#leaves.free(this.#leaf);
    this.#nodes.remove(node, this.#slot);
    if (this.#nodes.counts[node] === 0) {
      const at = this.#top;
      this.#nodes.free(node);
      this.#topKeys.copyWithin(at, at + 1, this.#topCount);
      this.#topNodes.copyWithin(at, at + 1, this.#topCount);
      this.#topKeys[--this.#topCount] = Number.POSITIVE_INFINITY;
    } else if (this.#slot === 0) {
      this.#nodes.keys[node << NODE_SHIFT] = this.#topKeys[this.#top] as number;
    }
    this.#topKeys[0] = Number.NEGATIVE_INFINITY;
    this.#nodes.keys[(this.#topNodes[0] as number) << NODE_SHIFT] = Number.NEGATIVE_INFINITY;
  }
}
