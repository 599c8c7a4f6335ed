import { checkIndex } from "./block-index-check.ts";
import { IndexCursor } from "./index-cursor.ts";
import { entriesOf } from "./leaf-store.ts";
import type { Gpuva } from "./va.ts";

/** Slots per leaf, as a shift. */
const LEAF_SHIFT = 5;
/** Slots per leaf. */
const LEAF: number = 1 << LEAF_SHIFT;
/** Entries that a leaf can hold: slot 0 is the sentinel's. */
const LEAF_ROOM: number = LEAF - 1;
/** The bitmap of a leaf that is full. */
const FULL = -1;
/** Words per leaf, and where its ids begin. */
const WORDS: number = LEAF + 1;
const IDS = 1;
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
/** The top has room for so many nodes from the start. */
const FEW = 8;
// What no leaf's and no row's number reaches; see the cursor's.
const LEAVES: number = 2 ** 25 - 1;
const ROWS: number = 2 ** 28 - 1;

/**
 * A sorted map of distinct doubles to positive integers: leaves with gaps, nodes of up to 64 leaves, one flat array of
 * nodes on top. A search counts keys instead of branching on them, and at a million entries it touches some five
 * cache lines where a red-black tree touches twenty. A change beside the cursor needs no second search, and a
 * replacement moves nothing.
 *
 * # Invariants
 * Keys ascend within a leaf, over the leaves of a node and over nodes. No leaf and no node is empty, except the only
 * one. A node's key for a leaf is at most the leaf's first key and greater than every key before it; the first leaf's
 * and the first node's key are -Infinity.
 */
export class BlockIndex extends IndexCursor {
  /** Entries. */
  get size(): number {
    return (this.changes - 2 * this.removed) | 0;
  }

  /**
   * Adds the row of `[key, bound)`, which is not empty, if it overlaps none that is here. The cursor is on it.
   *
   * @returns whether it does not
   */
  insert(id: Gpuva): boolean {
    const { f } = this.vas;
    const { key } = this;
    let { keys, words } = this.leaves;
    let pos = this.pos & LAST;
    let leaf = this.leaf & LEAVES;
    let before = words[leaf * WORDS + IDS + pos] as number;
    // Mostly the cursor is where the row belongs: a walk was there, or a remove.
    if (
      pos === LAST ||
      before === 0 ||
      (keys[(leaf << LEAF_SHIFT) + pos] as number) > key ||
      this.bound > (keys[(leaf << LEAF_SHIFT) + pos + 1] as number)
    ) {
      before = this.#findPlace();
      if (before < 0) return false;
      pos = this.pos & LAST;
      leaf = this.leaf & LEAVES;
    }
    const left = (before & ROWS) * 3;
    if (before !== 0 && (f[left] as number) + (f[left + 1] as number) > key) return false;
    if (words[leaf * WORDS] === FULL) {
      this.#makeRoom();
      keys = this.leaves.keys;
      words = this.leaves.words;
      pos = this.pos & LAST;
      leaf = this.leaf & LEAVES;
    }
    const at = leaf * WORDS;
    const ids = at + IDS;
    const base = leaf << LEAF_SHIFT;
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
        this.pos = ++to;
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
    this.changes = (this.changes + 1) | 0;
    return true;
  }

  /** Cursor to what is before `[key, bound)`: its id, or 0; or -1 if what is behind begins below `bound`. */
  #findPlace(): number {
    const { key, bound } = this;
    const { keys, words } = this.leaves;
    const at = (this.leaf & LEAVES) * WORDS;
    const base = (this.leaf & LEAVES) << LEAF_SHIFT;
    // One back? The middle of a mapping comes after both of its ends.
    const owner = 31 - Math.clz32((words[at] as number) & ~(-2 << this.pos));
    const back = owner - 1;
    if (owner > 0 && (keys[base + back] as number) <= key && bound <= (keys[base + owner] as number)) {
      const id = words[at + IDS + back] as number;
      if (id !== 0) {
        this.pos = back;
        return id;
      }
    }
    this.seek();
    // Another row starts at or before this one at most; the next one starts behind it.
    return this.nextBelow() === 0 ? this.here() : -1;
  }

  /** Puts a row in the place of one that is here, begins where it does and covers it. The cursor is on it. */
  replace(id: Gpuva, by: Gpuva): void {
    if (this.current() !== id) this.goTo(id);
    const { words } = this.leaves;
    const pos = this.pos & LAST;
    const ids = (this.leaf & LEAVES) * WORDS + IDS;
    for (let i = 31 - Math.clz32((words[ids - IDS] as number) & ~(-2 << pos)); i <= pos; i++)
      words[ids + i] = by;
    this.changes = (this.changes + 2) | 0;
    this.removed = (this.removed + 1) | 0;
  }

  /** Takes out a row that is here. The cursor is on what is before it. */
  remove(id: Gpuva): void {
    if (this.current() !== id) this.goTo(id);
    const { keys, words } = this.leaves;
    const pos = this.pos & LAST;
    const at = (this.leaf & LEAVES) * WORDS;
    const ids = at + IDS;
    const base = (this.leaf & LEAVES) << LEAF_SHIFT;
    const bits = words[at] as number;
    const owner = (31 - Math.clz32(bits & ~(-2 << pos))) & LAST;
    // Slot 0 is the sentinel's: there is always one before.
    const key = keys[base + owner - 1] as number;
    const before = words[ids + owner - 1] as number;
    for (let i = owner; i <= pos; i++) {
      keys[base + i] = key;
      words[ids + i] = before;
    }
    const left = bits & ~(1 << owner);
    words[at] = left;
    this.changes = (this.changes + 1) | 0;
    this.removed = (this.removed + 1) | 0;
    const count = entriesOf(left);
    if (count < SPARSE) {
      this.key = this.vas.f[(id & ROWS) * 3] as number;
      this.#shrink(count);
    }
  }

  /** What is wrong with the invariants above; nothing, if all is well. @internal */
  check(): string[] {
    const { size } = this;
    const [leaves, nodes, topKeys, topNodes] = [this.leaves, this.nodes, this.topKeys, this.topNodes];
    return checkIndex({ leaves, nodes, topKeys, topNodes, topCount: this.topCount, size });
  }

  /** Bytes of all arrays. */
  get bytes(): number {
    return this.leaves.bytes + this.nodes.bytes + this.topKeys.byteLength + this.topNodes.byteLength;
  }

  /** Those of them in shared buffers. */
  get sharedBytes(): number {
    return this.leaves.sharedBytes;
  }

  /** The cursor's leaf is full: shares with a neighbour in the node, or splits. Searches `key` again. */
  #makeRoom(): void {
    const leaf = this.leaf;
    const node = this.topNodes[this.top] as number;
    const at = (node << NODE_SHIFT) + this.slot;
    if (this.slot + 1 < (this.nodes.counts[node] as number)) {
      const right = this.nodes.ids[at + 1] as number;
      const n = this.leaves.count(right);
      if (n <= SHARES) {
        this.leaves.share(leaf, right, (LEAF_ROOM + n) >> 1);
        this.nodes.keys[at + 1] = this.leaves.firstKey(right);
        this.seek();
        return;
      }
    }
    if (this.slot > 0) {
      const left = this.nodes.ids[at - 1] as number;
      const n = this.leaves.count(left);
      if (n <= SHARES) {
        this.leaves.share(left, leaf, (LEAF_ROOM + n) >> 1);
        this.nodes.keys[at] = this.leaves.firstKey(leaf);
        this.seek();
        return;
      }
    }
    this.#split();
    this.seek();
  }

  #split(): void {
    const old = this.leaf;
    // Appending at the very end leaves full leaves behind.
    const appends = this.pos === LAST && this.#isLastLeaf();
    const fresh = appends ? this.leaves.alloc() : this.leaves.split(old);
    const first = appends ? this.key : this.leaves.firstKey(fresh);
    if (this.nodes.counts[this.topNodes[this.top] as number] === NODE) this.#splitNode();
    this.nodes.insert(this.topNodes[this.top] as number, this.slot + 1, first, fresh);
  }

  #isLastLeaf(): boolean {
    const node = this.topNodes[this.top] as number;
    return this.top === this.topCount - 1 && this.slot === (this.nodes.counts[node] as number) - 1;
  }

  /** Splits the cursor's node; the cursor stays on its leaf. */
  #splitNode(): void {
    const old = this.topNodes[this.top] as number;
    const fresh = this.nodes.alloc();
    const keep = this.#isLastLeaf() ? NODE - 1 : NODE / 2;
    this.nodes.moveTail(old, fresh, keep);
    const padding = this.topKeys.length === FEW ? 0 : NODE;
    if (this.topCount + padding >= this.topKeys.length) this.#growTop();
    const at = this.top + 1;
    this.topKeys.copyWithin(at + 1, at, this.topCount);
    this.topNodes.copyWithin(at + 1, at, this.topCount);
    this.topKeys[at] = this.nodes.keys[fresh << NODE_SHIFT] as number;
    this.topNodes[at] = fresh;
    this.topCount++;
    if (this.slot >= keep) {
      this.slot -= keep;
      this.top = at;
    }
  }

  #growTop(): void {
    const room = Math.max(this.topKeys.length * 2, 2 * NODE);
    const keys = new Float64Array(room).fill(Number.POSITIVE_INFINITY);
    keys.set(this.topKeys);
    const nodes = new Int32Array(room);
    nodes.set(this.topNodes);
    this.topKeys = keys;
    this.topNodes = nodes;
  }

  /** The cursor's leaf got small: joins it with a neighbour in the node, or drops it when empty. */
  #shrink(count: number): void {
    if (this.size === 0) return;
    const node = this.topNodes[this.top] as number;
    const at = (node << NODE_SHIFT) + this.slot;
    const leaf = this.leaf;
    if (count === 0) this.#drop(node);
    else if (this.slot + 1 < (this.nodes.counts[node] as number)) {
      const right = this.nodes.ids[at + 1] as number;
      const n = this.leaves.count(right);
      if (n + count > JOINED) return;
      this.leaves.share(leaf, right, n + count);
      this.leaves.free(right);
      this.nodes.remove(node, this.slot + 1);
    } else if (this.slot > 0) {
      const left = this.nodes.ids[at - 1] as number;
      const n = this.leaves.count(left);
      if (n + count > JOINED) return;
      this.leaves.share(left, leaf, n + count);
      this.leaves.free(leaf);
      this.nodes.remove(node, this.slot);
    } else return;
    this.seek();
  }

  /** The cursor's leaf is empty and not the only one: the leaf before it takes over its keys, or the one behind. */
  #drop(node: number): void {
    this.leaves.free(this.leaf);
    this.nodes.remove(node, this.slot);
    if (this.nodes.counts[node] === 0) {
      const at = this.top;
      this.nodes.free(node);
      this.topKeys.copyWithin(at, at + 1, this.topCount);
      this.topNodes.copyWithin(at, at + 1, this.topCount);
      this.topKeys[--this.topCount] = Number.POSITIVE_INFINITY;
    } else if (this.slot === 0) {
      this.nodes.keys[node << NODE_SHIFT] = this.topKeys[this.top] as number;
    }
    this.topKeys[0] = Number.NEGATIVE_INFINITY;
    this.nodes.keys[(this.topNodes[0] as number) << NODE_SHIFT] = Number.NEGATIVE_INFINITY;
  }
}
