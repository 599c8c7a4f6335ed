/// <reference lib="es2024.sharedmemory" />
/** The words of {@link Common.words}. */
export const WORD = {
  /** Guards the states. */
  statesLock: 0,
  /** How many states there are. */
  states: 1,
  /** There is room for `1 << bits`. */
  bits: 2,
  /** The states have no more room. */
  full: 3,
  /** Guards the words below. */
  workLock: 4,
  /** Threads that go through something. */
  active: 5,
  /** Threads that wait for something to do. */
  waiting: 6,
  /** Nonzero: a branch is there for whoever is first; so many steps lead to it. */
  branch: 7,
  /** Failures that were injected on the way to it. */
  failures: 8,
  /** Nonzero: it is over. */
  over: 9,
  /** Changes when those who wait should look. */
  bell: 10,
  /** Steps of all threads, modulo 2^32. */
  steps: 11,
} as const;

const WORDS = 16;

/** Room for states in the beginning, as a power of two; the same as that of a search by one thread. */
const FIRST_BITS = 12;

/** Steps to a branch that can be given away. */
export const LONGEST_WAY = 4096;

/** Memory in which several threads go through one scenario. It can be sent to a thread. */
export interface Common {
  /** Counts and locks: `WORD`. */
  readonly words: SharedArrayBuffer;
  /** Fingerprints, 8 bytes each; it grows. */
  readonly states: SharedArrayBuffer;
  /** The way to the branch. */
  readonly way: SharedArrayBuffer;
  /** What calls returned is part of the state. */
  readonly answers: boolean;
}

/**
 * Nothing is gone through yet, and one thread is awaited: the first. The states may take as many bytes as `maxBytes`; these are
 * taken as they are needed.
 */
export function newCommon(answers: boolean, maxBytes: number = 2 ** 30): Common {
  const bytes = 8 << FIRST_BITS;
  const words = new SharedArrayBuffer(4 * WORDS);
  const view = new Int32Array(words);
  view[WORD.bits] = FIRST_BITS;
  view[WORD.active] = 1;
  return {
    words,
    states: new SharedArrayBuffer(bytes, { maxByteLength: Math.max(bytes, maxBytes) }),
    way: new SharedArrayBuffer(4 * LONGEST_WAY),
    answers,
  };
}
