import { EventProblem } from "./event-problem.ts";

const UNKNOWN = 0;
const OPEN = 1;
const CLOSED = 2;

/** Above this, serials are kept in a map: one wild serial in a damaged file must not cost gigabytes. */
const DENSE_MAX = 1 << 24;

/**
 * Which buffer serials exist. One byte for each, so that a trace of a hundred million events needs no more memory than
 * its buffers do.
 */
export class BufferTable {
  #dense = new Uint8Array(4096);
  readonly #sparse = new Map<number, number>();
  #count = 0;

  /** How many different serials were introduced. */
  get count(): number {
    return this.#count;
  }

  #state(bo: number): number {
    if (bo < this.#dense.length) return this.#dense[bo] ?? UNKNOWN;
    return bo < DENSE_MAX ? UNKNOWN : (this.#sparse.get(bo) ?? UNKNOWN);
  }

  #set(bo: number, state: number): void {
    if (bo >= DENSE_MAX) {
      this.#sparse.set(bo, state);
      return;
    }
    if (bo >= this.#dense.length) {
      const grown = new Uint8Array(Math.min(DENSE_MAX, Math.max(bo + 1, this.#dense.length * 2)));
      grown.set(this.#dense);
      this.#dense = grown;
    }
    this.#dense[bo] = state;
  }

  /** A handle with a new serial. */
  create(bo: number, field: string): void {
    if (this.#state(bo) !== UNKNOWN) {
      throw new EventProblem(
        field,
        `${field} ${bo} was created before`,
        "give each handle a serial of its own; kernel handles are reused, serials are not",
      );
    }
    this.#set(bo, OPEN);
    this.#count++;
  }

  /** A serial that an event refers to. */
  need(bo: number, field: string): void {
    if (this.#state(bo) === UNKNOWN) {
      throw new EventProblem(
        field,
        `${field} names buffer ${bo}, which was not created before`,
        "an earlier line is missing, or the serial is wrong",
      );
    }
  }

  /** A serial whose handle must still be open. */
  needOpen(bo: number, field: string): void {
    this.need(bo, field);
    if (this.#state(bo) === CLOSED) {
      throw new EventProblem(
        field,
        `buffer ${bo} comes in again with new 0 after its handle was closed`,
        "a handle made after gem_close is a new one: set new to 1 and give it a new serial",
      );
    }
  }

  /** The handle is given up. */
  close(bo: number): void {
    this.need(bo, "bo");
    if (this.#state(bo) === CLOSED) {
      throw new EventProblem(
        "bo",
        `buffer ${bo} is closed a second time`,
        "remove the second gem_close, or give the later handle a serial of its own",
      );
    }
    this.#set(bo, CLOSED);
  }
}
