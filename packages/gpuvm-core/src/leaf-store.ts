import { grown } from "./capacity.ts";

// Not shared with the index by import: what is imported is loaded and checked again at each use in optimised code.
const LEAF_SHIFT = 5;
const LEAF: number = 1 << LEAF_SHIFT;
const LEAF_ROOM: number = LEAF - 1;
/** Words per leaf: the bitmap, the number of entries, the ids. */
const WORDS: number = LEAF + 2;

// Where an entry is while leaves are rebuilt.
const heldKeys = new Float64Array(2 * LEAF);
const heldIds = new Int32Array(2 * LEAF);

/**
 * Leaves of the index: sorted runs of `key -> id` with gaps between the entries, so that an insert or a remove moves
 * few of them or none. All leaves share three typed arrays; a leaf is the number of its run.
 *
 * # Invariants
 * Slot 0 is the sentinel `-Infinity -> 0`. Bit `i` of a leaf's bitmap says that slot `i` is an entry's own; each other
 * slot repeats the key and id of the entry (or the sentinel) before it. So the keys of a leaf never descend, and how
 * many of them are at or below a key is the position of its floor, without a look at the bitmap.
 */
export class LeafStore {
  /** Keys by slot. Replaced when the store grows, as are the others. */
  keys: Float64Array;
  /** 34 words per leaf: the bitmap, the number of entries, the ids by slot. */
  words: Int32Array;
  #capacity: number;
  #fresh = 0;
  readonly #free: number[] = [];

  /** No leaves. */
  constructor(capacity: number) {
    this.#capacity = capacity;
    this.keys = new Float64Array(capacity << LEAF_SHIFT);
    this.words = new Int32Array(capacity * WORDS);
  }

  /** An empty leaf. */
  alloc(): number {
    let leaf = this.#free.pop();
    if (leaf === undefined) {
      if (this.#fresh === this.#capacity) this.#grow();
      leaf = this.#fresh++;
    }
    this.#scatter(leaf, 0, 0);
    return leaf;
  }

  /** Gives a leaf back. */
  free(leaf: number): void {
    this.#free.push(leaf);
  }

  /** Key of a leaf's first entry. */
  firstKey(leaf: number): number {
    const entries = (this.words[leaf * WORDS] as number) & -2;
    return this.keys[(leaf << LEAF_SHIFT) + 31 - Math.clz32(entries & -entries)] as number;
  }

  /** Spreads the entries of two neighbouring leaves anew: the first `n` of them in `left`, the others in `right`. */
  share(left: number, right: number, n: number): void {
    const inLeft = this.#gather(left, 0);
    const all = inLeft + this.#gather(right, inLeft);
    this.#scatter(left, 0, n);
    this.#scatter(right, n, all - n);
  }

  /** The keys of a leaf's entries; what is wrong with its slots goes to `wrong`. */
  entries(leaf: number, wrong: string[], where: string): number[] {
    const bits = this.words[leaf * WORDS] as number;
    const out: number[] = [];
    let id = 0;
    let key = Number.NEGATIVE_INFINITY;
    for (let slot = 0; slot < LEAF; slot++) {
      const slotKey = this.keys[(leaf << LEAF_SHIFT) + slot] as number;
      const slotId = this.words[leaf * WORDS + 2 + slot] as number;
      if (slot > 0 && ((bits >>> slot) & 1) === 1) {
        if (slotId <= 0) wrong.push(`no id in ${where}`);
        key = slotKey;
        id = slotId;
        out.push(key);
      } else if (slotKey !== key || slotId !== id) wrong.push(`slot ${slot} of ${where} is not a repetition`);
    }
    if ((bits & 1) === 0) wrong.push(`${where} has no sentinel`);
    if (out.length !== this.words[leaf * WORDS + 1]) wrong.push(`${where} counts wrongly`);
    return out;
  }

  /** Bytes of all arrays. */
  get bytes(): number {
    return this.keys.byteLength + this.words.byteLength;
  }

  #gather(leaf: number, to: number): number {
    const base = leaf << LEAF_SHIFT;
    let n = to;
    for (let left = (this.words[leaf * WORDS] as number) & -2; left !== 0; left &= left - 1) {
      const slot = 31 - Math.clz32(left & -left);
      heldKeys[n] = this.keys[base + slot] as number;
      heldIds[n++] = this.words[leaf * WORDS + 2 + slot] as number;
    }
    return n - to;
  }

  /** Fills a leaf with `n` entries, the gaps spread evenly behind them. */
  #scatter(leaf: number, from: number, n: number): void {
    const { keys, words } = this;
    const base = leaf << LEAF_SHIFT;
    const at = leaf * WORDS;
    keys[base] = Number.NEGATIVE_INFINITY;
    words[at + 2] = 0;
    let bits = 1;
    let due = 0;
    let held = from - 1;
    for (let i = 1; i < LEAF; i++) {
      // Slots are dealt out as a line of slope n / LEAF_ROOM is drawn.
      due -= n;
      if (due < 0) {
        due += LEAF_ROOM;
        held++;
        bits |= 1 << i;
      }
      keys[base + i] = n === 0 ? Number.NEGATIVE_INFINITY : (heldKeys[held] as number);
      words[at + 2 + i] = n === 0 ? 0 : (heldIds[held] as number);
    }
    words[at] = bits;
    words[at + 1] = n;
  }

  #grow(): void {
    // In entries, as a leaf is large.
    const capacity = grown(this.#capacity * LEAF, 16) / LEAF;
    const keys = new Float64Array(capacity << LEAF_SHIFT);
    keys.set(this.keys);
    const words = new Int32Array(capacity * WORDS);
    words.set(this.words);
    this.keys = keys;
    this.words = words;
    this.#capacity = capacity;
  }
}
