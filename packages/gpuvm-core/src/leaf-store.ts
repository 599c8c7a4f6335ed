import { grown } from "./capacity.ts";
import { enlarged, growsInPlace, sharedBytes } from "./enlarged.ts";

// Not shared with the index by import: what is imported is loaded and checked again at each use in optimised code.
const LEAF_SHIFT = 5;
const LEAF: number = 1 << LEAF_SHIFT;
const LEAF_ROOM: number = LEAF - 1;
/** Entries that a leaf which is split keeps. */
const KEPT: number = LEAF / 2;
/** Words per leaf: the bitmap, the ids. */
const WORDS: number = LEAF + 1;

/** No leaf has a higher number; see the cursor's. */
const LEAVES: number = 2 ** 25 - 1;

// Where an entry is while leaves are rebuilt. Behind them: what fills an empty leaf.
const heldKeys = new Float64Array(2 * LEAF + 1);
const heldIds = new Int32Array(2 * LEAF + 1);
heldKeys[2 * LEAF] = Number.NEGATIVE_INFINITY;

/** No place has a higher number; see {@link LEAVES}. */
const HELD = 127;

/** For each number of entries 32 slots: which of the entries is there, when the gaps are spread evenly behind them. */
const spread = new Uint8Array(LEAF * LEAF);
/** For each number of entries: their bitmap. */
const bitmaps = new Int32Array(LEAF);
for (let n = 0; n < LEAF; n++) {
  // Slots are dealt out as a line of slope n / LEAF_ROOM is drawn.
  let entries = 0;
  bitmaps[n] = 1;
  for (let i = 1; i < LEAF; i++) {
    if (Math.ceil((i * n) / LEAF_ROOM) > entries) {
      entries++;
      bitmaps[n] = (bitmaps[n] as number) | (1 << i);
    }
    spread[n * LEAF + i] = Math.max(entries - 1, 0);
  }
}

/** Entries of a bitmap: its bits, but the sentinel's. */
export function entriesOf(bits: number): number {
  let n = ((bits & -2) - ((bits >>> 1) & 0x55555555)) | 0;
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  n = (n + (n >>> 4)) & 0x0f0f0f0f;
  return Math.imul(n, 0x01010101) >>> 24;
}

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
  /** 33 words per leaf: the bitmap, the ids by slot. */
  words: Int32Array;
  #capacity: number;
  #fresh = 0;
  readonly #free: number[] = [];
  readonly #vas: { readonly quarantine: boolean };

  /** No leaves; `vas`: the table of the rows that will be in them. */
  constructor(capacity: number, vas: { readonly quarantine: boolean }) {
    this.#capacity = capacity;
    this.#vas = vas;
    this.keys = new Float64Array(capacity << LEAF_SHIFT);
    this.words = new Int32Array(capacity * WORDS);
  }

  /** An empty leaf. */
  alloc(): number {
    const leaf = this.#take();
    this.#scatter(leaf, 0, 0);
    return leaf;
  }

  /** A new leaf behind a full one, which takes the upper half of its entries. */
  split(full: number): number {
    const fresh = this.#take();
    // Each slot of a full leaf is an entry's own.
    this.#spread(full, fresh, KEPT + 1, LEAF_ROOM - KEPT);
    this.#spread(full, full, 1, KEPT);
    return fresh;
  }

  #take(): number {
    const leaf = this.#free.pop();
    if (leaf !== undefined) return leaf;
    if (this.#fresh === this.#capacity) this.#grow();
    return this.#fresh++;
  }

  /** Gives a leaf back. */
  free(leaf: number): void {
    this.#free.push(leaf);
  }

  /** How many entries a leaf has. */
  count(leaf: number): number {
    return entriesOf(this.words[leaf * WORDS] as number);
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
      const slotId = this.words[leaf * WORDS + 1 + slot] as number;
      if (slot > 0 && ((bits >>> slot) & 1) === 1) {
        if (slotId <= 0) wrong.push(`no id in ${where}`);
        key = slotKey;
        id = slotId;
        out.push(key);
      } else if (slotKey !== key || slotId !== id) wrong.push(`slot ${slot} of ${where} is not a repetition`);
    }
    if ((bits & 1) === 0) wrong.push(`${where} has no sentinel`);
    return out;
  }

  /** Bytes of all arrays. */
  get bytes(): number {
    return this.keys.byteLength + this.words.byteLength;
  }

  /** Those of them in shared buffers. */
  get sharedBytes(): number {
    return sharedBytes(this.keys, this.words);
  }

  #gather(leaf: number, to: number): number {
    const { keys, words } = this;
    const base = (leaf & LEAVES) << LEAF_SHIFT;
    const at = (leaf & LEAVES) * WORDS;
    let n = to & HELD;
    for (let left = (words[at] as number) & -2; left !== 0; left &= left - 1) {
      const slot = 31 - Math.clz32(left & -left);
      heldKeys[n] = keys[base + slot] as number;
      heldIds[n] = words[at + 1 + slot] as number;
      n = (n + 1) & HELD;
    }
    return n - to;
  }

  /** Fills a leaf with `n` entries. */
  #scatter(leaf: number, from: number, n: number): void {
    const { keys, words } = this;
    const base = (leaf & LEAVES) << LEAF_SHIFT;
    const at = (leaf & LEAVES) * WORDS;
    const first = (n === 0 ? 2 * LEAF : from) & HELD;
    const row = (n & LEAF_ROOM) << LEAF_SHIFT;
    keys[base] = Number.NEGATIVE_INFINITY;
    words[at] = bitmaps[n] as number;
    words[at + 1] = 0;
    // Without a branch: which slots are gaps is another pattern for each number of entries, and would be guessed wrongly.
    for (let i = 1; i < LEAF; i++) {
      const held = first + (spread[row + i] as number);
      keys[base + i] = heldKeys[held] as number;
      words[at + 1 + i] = heldIds[held] as number;
    }
  }

  /** Fills the leaf `to` with the `n` entries of a full one that begin at a slot, from behind: `to` may be that leaf. */
  #spread(full: number, to: number, slot: number, n: number): void {
    const { keys, words } = this;
    const source = ((full & LEAVES) << LEAF_SHIFT) + slot;
    const sourceIds = (full & LEAVES) * WORDS + 1 + slot;
    const base = (to & LEAVES) << LEAF_SHIFT;
    const at = (to & LEAVES) * WORDS;
    const row = (n & LEAF_ROOM) << LEAF_SHIFT;
    for (let i = LEAF_ROOM; i > 0; i--) {
      const entry = spread[row + i] as number;
      keys[base + i] = keys[source + entry] as number;
      words[at + 1 + i] = words[sourceIds + entry] as number;
    }
    keys[base] = Number.NEGATIVE_INFINITY;
    words[at] = bitmaps[n] as number;
    words[at + 1] = 0;
  }

  #grow(): void {
    // In entries, as a leaf is large.
    const capacity = grown(this.#capacity * LEAF, growsInPlace(this.keys) ? 32 : 8) / LEAF;
    const { quarantine } = this.#vas;
    this.keys = enlarged(this.keys, capacity << LEAF_SHIFT, quarantine);
    this.words = enlarged(this.words, capacity * WORDS, quarantine);
    this.#capacity = capacity;
  }
}
