import type { Choice } from "../engine/choice.ts";
import type { Open } from "../search/descent.ts";
import { type Common, LONGEST_WAY, WORD } from "./common.ts";
import { Mutex } from "./mutex.ts";

/** A choice that nobody has taken yet, with the way to it. */
export interface Branch {
  /** Steps from the beginning; the last one is the choice. */
  readonly way: readonly Choice[];
  /** Failures injected before it. */
  readonly failures: number;
}

/** What is still to be gone through: whoever has nothing left to do is given a branch by one that has several. */
export class OpenWork {
  readonly #words: Int32Array;
  readonly #way: Int32Array;
  readonly #lock: Mutex;

  /** What several threads have in common. */
  constructor({ words, way }: Common) {
    this.#words = new Int32Array(words);
    this.#way = new Int32Array(way);
    this.#lock = new Mutex(this.#words, WORD.workLock);
  }

  /** Whether everybody is to stop. */
  get over(): boolean {
    return Atomics.load(this.#words, WORD.over) !== 0;
  }

  /** One more step was taken; how many all threads have taken, modulo 2^32: days of work. */
  step(): number {
    return (Atomics.add(this.#words, WORD.steps, 1) + 1) >>> 0;
  }

  /** Everybody is to stop. */
  stop(): void {
    this.#locked(() => this.#end());
  }

  /** Somebody comes to help, and has nothing to do yet. */
  join(): void {
    this.#locked(() => this.#count(WORD.active, 1));
  }

  /** Gives the branch that is nearest to the beginning to somebody who waits, if anybody does and there are others. */
  share(open: readonly Open[], path: readonly Choice[]): void {
    if (Atomics.load(this.#words, WORD.waiting) === 0) return;
    const from = open.find(({ todo }) => todo.length > 0);
    if (from === undefined || from.depth >= LONGEST_WAY) return;
    // Who gives away the last one has nothing left to do.
    if (from.todo.length === 1 && open.every((other) => other === from || other.todo.length === 0)) return;
    this.#locked(() => {
      const words = this.#words;
      if (words[WORD.waiting] === 0 || words[WORD.branch] !== 0) return;
      const choice = from.todo.shift() as Choice;
      this.#way.set(path.slice(0, from.depth));
      this.#way[from.depth] = choice;
      words[WORD.failures] = from.failures;
      words[WORD.branch] = from.depth + 1;
      this.#ring();
    });
  }

  /** Waits for a branch; null: nobody has anything left, or everybody is to stop. */
  take(): Branch | null {
    const words = this.#words;
    this.#lock.lock();
    this.#count(WORD.active, -1);
    for (;;) {
      const length = words[WORD.branch] as number;
      if (words[WORD.over] === 0 && length > 0) {
        const branch = {
          way: Array.from(this.#way.subarray(0, length)),
          failures: words[WORD.failures] as number,
        };
        words[WORD.branch] = 0;
        this.#count(WORD.active, 1);
        this.#lock.unlock();
        return branch;
      }
      if (words[WORD.over] !== 0 || words[WORD.active] === 0) {
        this.#end();
        this.#lock.unlock();
        return null;
      }
      const bell = words[WORD.bell] as number;
      this.#count(WORD.waiting, 1);
      this.#lock.unlock();
      Atomics.wait(words, WORD.bell, bell);
      this.#lock.lock();
      this.#count(WORD.waiting, -1);
    }
  }

  #end(): void {
    Atomics.store(this.#words, WORD.over, 1);
    this.#ring();
  }

  #ring(): void {
    Atomics.add(this.#words, WORD.bell, 1);
    Atomics.notify(this.#words, WORD.bell);
  }

  #count(word: number, change: number): void {
    Atomics.add(this.#words, word, change);
  }

  #locked(work: () => void): void {
    this.#lock.lock();
    try {
      work();
    } finally {
      this.#lock.unlock();
    }
  }
}
