import { LeafStore } from "./leaf-store.ts";
import { NodeStore } from "./node-store.ts";
import type { Gpuva } from "./va.ts";
import type { VaTable } from "./va-table.ts";

// Not shared with the stores by import: what is imported is loaded and checked again at each use in optimised code.
const LEAF_SHIFT = 5;
const LEAF: number = 1 << LEAF_SHIFT;
const WORDS: number = LEAF + 1;
const IDS = 1;
const NODE_SHIFT = 6;
const NODE: number = 1 << NODE_SHIFT;
const LAST = LEAF - 1;
/** So many nodes are found without a search of their every eighth. */
const FEW = 8;
/**
 * No leaf and no node has a higher number. `leaf & LEAVES` tells that to the compiler, which then leaves out a test for
 * overflow at each sum that makes an index of it.
 */
const LEAVES: number = 2 ** 25 - 1;
/** No row has a higher number; see the table's. */
const ROWS: number = 2 ** 28 - 1;

/**
 * The looking half of the index: a cursor over nodes and leaves. It stays where the last operation was, so that what
 * is beside it needs no second search.
 *
 * Doubles go in through the fields `key` and `bound`: a call that is not inlined would box them as arguments.
 *
 * # Invariants
 * The cursor is on the last slot of an entry or of the sentinel.
 */
export class IndexCursor {
  /** What to look for. */
  key: number = Number.NaN;
  /** Only what begins below it counts. */
  bound: number = Number.NaN;
  /** Counts inserts and removes, modulo 2^32. @internal */
  protected changes = 0;
  /** Counts removes, modulo 2^32. @internal */
  protected removed = 0;
  #givenUp = false;
  /** @internal */
  protected readonly leaves: LeafStore;
  /** @internal */
  protected readonly nodes: NodeStore = new NodeStore();
  // Padded with Infinity for the search, which looks at eight of them where there are no more, else at up to 64 behind the last.
  protected topKeys: Float64Array = new Float64Array(FEW).fill(Number.POSITIVE_INFINITY);
  protected topNodes: Int32Array = new Int32Array(FEW);
  protected topCount = 1;
  // The cursor: position of the node on top, of the leaf in the node, of the slot in the leaf.
  protected top = 0;
  protected slot = 0;
  protected leaf = 0;
  protected pos: number = LAST;
  // Where it was marked.
  #top = 0;
  #slot = 0;
  #leaf = 0;
  #pos: number = LAST;
  protected readonly vas: VaTable;

  /** A cursor on an empty index of rows of `vas`. */
  constructor(vas: VaTable) {
    this.vas = vas;
    this.leaves = new LeafStore(1, vas);
    this.nodes.insert(this.nodes.alloc(), 0, Number.NEGATIVE_INFINITY, this.leaves.alloc());
    this.topKeys[0] = Number.NEGATIVE_INFINITY;
  }

  /** Puts the cursor to `key`. Id of the entry with the greatest key at or below it, or 0. */
  floor(): Gpuva {
    this.seek();
    return this.here();
  }

  /** Puts the cursor to `key`. The first row that ends behind `key` and begins below `bound`, or 0. */
  firstOverlap(): Gpuva {
    this.seek();
    const id = this.here();
    const { f } = this.vas;
    const at = (id & ROWS) * 3;
    if (id === 0 || (f[at] as number) + (f[at + 1] as number) <= this.key) return this.nextBelow();
    return (f[at] as number) < this.bound ? id : 0;
  }

  /** Id of the entry behind the cursor if its key is below `bound`, or 0. */
  nextBelow(): Gpuva {
    const { pos, leaf } = this;
    if (pos === LAST) return this.#firstBehind();
    const { keys, words } = this.leaves;
    return (keys[((leaf & LEAVES) << LEAF_SHIFT) + (pos & LAST) + 1] as number) < this.bound
      ? (words[(leaf & LEAVES) * WORDS + IDS + (pos & LAST) + 1] as Gpuva)
      : 0;
  }

  /** The same where the cursor is at the end of its leaf. */
  #firstBehind(): Gpuva {
    const leaf = this.leafBehind();
    if (leaf < 0) return 0;
    const slot = this.firstSlot(leaf);
    const { keys, words } = this.leaves;
    return slot < LEAF && (keys[(leaf << LEAF_SHIFT) + slot] as number) < this.bound
      ? (words[leaf * WORDS + IDS + slot] as Gpuva)
      : 0;
  }

  /** Puts the cursor on the row `id`, which is here. Id of the entry behind it if its key is below `bound`, or 0. */
  nextBelowOf(id: Gpuva): Gpuva {
    if (this.current() !== id) this.goTo(id);
    return this.nextBelow();
  }

  /** Id of the entry behind the cursor, or 0. */
  nextId(): Gpuva {
    this.bound = Number.POSITIVE_INFINITY;
    return this.nextBelow();
  }

  /** Moves the cursor to the next entry and answers its id, or answers 0 and leaves it on the last. */
  advance(): Gpuva {
    const { pos } = this;
    if (pos === LAST) return this.nextLeaf();
    const { words } = this.leaves;
    const at = (this.leaf & LEAVES) * WORDS;
    const behind = (words[at] as number) & (-4 << pos);
    this.pos = behind === 0 ? LAST : 30 - Math.clz32(behind & -behind);
    return words[at + IDS + (pos & LAST) + 1] as Gpuva;
  }

  /** Moves the cursor from the row `id`, which is here, to the next one and answers that, or answers 0. */
  after(id: Gpuva): Gpuva {
    if (this.current() !== id) this.goTo(id);
    return this.advance();
  }

  /**
   * Calls `fn` for each row in order. The next row is read before the call, so `fn` may remove its own.
   *
   * @returns 0; or, if `fn` gave the index up, the row that would have been next
   */
  each(fn: (id: Gpuva) => void): Gpuva {
    this.rewind();
    let id = this.advance();
    while (id !== 0) {
      const { words } = this.leaves;
      const { top, slot, leaf, changes } = this;
      const ids = leaf * WORDS + IDS;
      // Within a leaf, and while nothing changes, there is no cursor to keep.
      let left = (words[ids - IDS] as number) & (-2 << this.pos);
      for (; left !== 0 && this.changes === changes; left &= left - 1) {
        const next = words[ids + 31 - Math.clz32(left & -left)] as Gpuva;
        fn(id);
        id = next;
      }
      if (this.changes === changes) {
        this.top = top;
        this.slot = slot;
        this.leaf = leaf;
        this.pos = LAST;
        const next = this.nextLeaf();
        fn(id);
        id = next;
      }
      if (this.#givenUp) return id;
      if (id !== 0 && this.current() !== id) this.goTo(id);
    }
    return 0;
  }

  /** Nothing will be put here any more: ends what {@link IndexCursor.each} is at. */
  giveUp(): void {
    this.#givenUp = true;
    this.changes = (this.changes + 2) | 0;
    this.removed = (this.removed + 1) | 0;
  }

  /** Remembers where the cursor is. */
  mark(): void {
    this.#top = this.top;
    this.#slot = this.slot;
    this.#leaf = this.leaf;
    this.#pos = this.pos;
  }

  /** Puts the cursor back to where it was marked; nothing may have changed since. */
  comeBack(): void {
    this.top = this.#top;
    this.slot = this.#slot;
    this.leaf = this.#leaf;
    this.pos = this.#pos;
  }

  /** Id of the entry under the cursor; 0 before the first entry of a leaf. */
  current(): Gpuva {
    return this.leaves.words[(this.leaf & LEAVES) * WORDS + IDS + (this.pos & LAST)] as Gpuva;
  }

  /** Puts the cursor before the first entry. */
  rewind(): void {
    this.key = Number.NEGATIVE_INFINITY;
    this.seek();
  }

  /** Puts the cursor on the row `id`, without a search where it is right behind. */
  protected goTo(id: Gpuva): void {
    const { pos } = this;
    if (pos !== LAST && this.leaves.words[(this.leaf & LEAVES) * WORDS + IDS + (pos & LAST) + 1] === id)
      this.advance();
    else {
      this.key = this.vas.f[id * 3] as number;
      this.seek();
    }
  }

  /** Id under the cursor; before a leaf's first entry: of the last one of the leaf before, or 0. */
  protected here(): Gpuva {
    const id = this.current();
    return id === 0 ? this.before() : id;
  }

  /**
   * Cursor to the floor of `key` in the leaf that would hold it. Counting compares (a `setcc` each) took 15 ns for a
   * leaf in cache, halving with branches 37 ns, halving without branches 28 ns.
   */
  protected seek(): void {
    const key = this.key;
    const t = this.topKeys;
    let n = this.topCount;
    let p = 0;
    if (n > 1) {
      for (; n > NODE; n -= n >> 1) p += (n >> 1) & -+((t[p + (n >> 1)] as number) <= key);
      if (n > FEW) {
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
    this.top = p;
    const m = this.nodes.keys;
    const node = ((this.topNodes[p] as number) & LEAVES) << NODE_SHIFT;
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
    this.slot = q - node;
    const leaf = (this.nodes.ids[q] as number) & LEAVES;
    this.leaf = leaf;
    const k = this.leaves.keys;
    const base = leaf << LEAF_SHIFT;
    const r =
      base +
      ((+((k[base + 8] as number) <= key) +
        +((k[base + 16] as number) <= key) +
        +((k[base + 24] as number) <= key)) <<
        3);
    this.pos =
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

  /** Slot of a leaf's first entry; one behind the last slot if it is empty. */
  protected firstSlot(leaf: number): number {
    const entries = (this.leaves.words[leaf * WORDS] as number) & -2;
    return entries === 0 ? LEAF : 31 - Math.clz32(entries & -entries);
  }

  /** Id of the last entry of the leaf before the cursor's, or 0. */
  protected before(): Gpuva {
    let leaf: number;
    if (this.slot > 0) {
      leaf = this.nodes.ids[((this.topNodes[this.top] as number) << NODE_SHIFT) + this.slot - 1] as number;
    } else if (this.top > 0) {
      const node = this.topNodes[this.top - 1] as number;
      leaf = this.nodes.ids[(node << NODE_SHIFT) + (this.nodes.counts[node] as number) - 1] as number;
    } else return 0;
    return this.leaves.words[leaf * WORDS + IDS + LAST] as Gpuva;
  }

  /** The leaf behind the cursor's, or -1. */
  protected leafBehind(): number {
    const node = this.topNodes[this.top] as number;
    if (this.slot + 1 < (this.nodes.counts[node] as number)) {
      return this.nodes.ids[(node << NODE_SHIFT) + this.slot + 1] as number;
    }
    if (this.top + 1 >= this.topCount) return -1;
    return this.nodes.ids[(this.topNodes[this.top + 1] as number) << NODE_SHIFT] as number;
  }

  /** Moves the cursor to the first entry of the next leaf and answers its id; 0: there is none. */
  protected nextLeaf(): Gpuva {
    const leaf = this.leafBehind();
    if (leaf < 0) return 0;
    if (this.slot + 1 < (this.nodes.counts[this.topNodes[this.top] as number] as number)) this.slot++;
    else {
      this.top++;
      this.slot = 0;
    }
    this.leaf = leaf;
    this.pos = this.firstSlot(leaf) - 1;
    return this.advance();
  }
}
