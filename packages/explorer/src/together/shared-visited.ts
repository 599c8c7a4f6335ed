/// <reference lib="es2024.sharedmemory" />
import { type Common, WORD } from "./common.ts";
import { Mutex } from "./mutex.ts";

/**
 * The set of fingerprints that several threads have in common: as `Visited`, 64 bits for each, open addressing, and the same
 * growth. A step takes some hundred times as long as a look here, so one lock does for all.
 */
export class SharedVisited {
  readonly #words: Int32Array;
  readonly #lock: Mutex;
  readonly #memory: SharedArrayBuffer;
  /** As long as the memory is, also when another thread makes it grow. */
  readonly #slots: Int32Array;

  /** What several threads have in common. */
  constructor({ words, states }: Common) {
    this.#words = new Int32Array(words);
    this.#lock = new Mutex(this.#words, WORD.statesLock);
    this.#memory = states;
    this.#slots = new Int32Array(states);
  }

  /** How many. */
  get size(): number {
    return Atomics.load(this.#words, WORD.states);
  }

  /** Bytes used. */
  get bytes(): number {
    return this.#memory.byteLength;
  }

  /** There was no room to grow. */
  get full(): boolean {
    return Atomics.load(this.#words, WORD.full) !== 0;
  }

  /** Adds one; false: it was there. */
  add(a: number, b: number): boolean {
    const words = this.#words;
    this.#lock.lock();
    try {
      const bits = words[WORD.bits] as number;
      if (!insert(this.#slots, bits, a, b)) return false;
      const size = (words[WORD.states] as number) + 1;
      words[WORD.states] = size;
      if (size * 3 > (2 ** bits - 1) * 2) this.#grow(bits);
      return true;
    } finally {
      this.#lock.unlock();
    }
  }

  #grow(bits: number): void {
    const memory = this.#memory;
    if (memory.byteLength * 2 > memory.maxByteLength) {
      // Until everybody has seen it there is room for what they add.
      this.#words[WORD.full] = 1;
      return;
    }
    const slots = this.#slots;
    const old = Int32Array.from(slots);
    memory.grow(memory.byteLength * 2);
    slots.fill(0);
    for (let i = 0; i < old.length; i += 2) {
      const a = old[i] as number;
      const b = old[i + 1] as number;
      if ((a | b) !== 0) insert(slots, bits + 1, a, b);
    }
    this.#words[WORD.bits] = bits + 1;
  }
}

/** False: it was there. */
function insert(slots: Int32Array, bits: number, first: number, b: number): boolean {
  const a = (first | b) === 0 ? 1 : first;
  const mask = 2 ** bits - 1;
  for (let i = (a ^ (b >>> 7)) & mask; ; i = (i + 1) & mask) {
    const x = slots[2 * i] as number;
    const y = slots[2 * i + 1] as number;
    if ((x | y) === 0) {
      slots[2 * i] = a;
      slots[2 * i + 1] = b;
      return true;
    }
    if (x === a && y === b) return false;
  }
}
