import { era, logging, note, type Undo } from "./log.ts";

/** The machine has more to do before it stops. */
const ON: unique symbol = Symbol("on");

/** How a block is left: 0 by the next line, 1 by a throw, 2 by a return, 3 by a jump, 4 at the end of a `finally`. */
type Way = 0 | 1 | 2 | 3 | 4;

/** A `try`: first case, case of `catch`, of `finally`, behind it; then how and with what its `finally` was come to. */
type Try = [
  first: number,
  onCatch: number | undefined,
  onFinally: number | undefined,
  behind: number | undefined,
  way?: Way | undefined,
  argument?: unknown,
];

interface Saved {
  readonly n: number;
  readonly p: number;
  readonly delegate: Iterator<unknown> | null;
  readonly done: boolean;
  readonly tries: readonly Try[] | null;
  readonly locals: readonly unknown[] | null;
}

const back = (frame: Frame, saved: Saved): void => {
  frame.n = saved.n;
  frame.p = saved.p;
  frame.delegate = saved.delegate;
  frame.done = saved.done;
  if (saved.tries !== null) frame.tries = saved.tries.map((entry) => [...entry]);
  if (saved.locals !== null) frame.restore?.(saved.locals);
};

/**
 * A call of a generator as an object: where it stands is a number, its locals can be read, saved and put back. What Babel
 * makes of a generator's body runs on it; the short names are Babel's.
 */
export class Frame implements Iterator<unknown>, Iterable<unknown> {
  /** Which generator of the source it is. */
  readonly site: number;
  /** Locals that the body assigns, and the variables that it only reads. */
  readonly locals: (() => readonly unknown[]) | null;
  /** Which of the locals can still be read, by the case that it goes on with; null: all. */
  readonly live: Readonly<Record<number, readonly number[]>> | null;
  /** Puts the locals back that are assigned: the first of them. @internal */
  readonly restore: ((saved: readonly unknown[]) => void) | null;
  /** The body. */
  readonly body: (frame: Frame) => unknown;
  /** Its `try` blocks. */
  tries: Try[] | null;
  /** The next case. */
  n = 0;
  /** The case that it is in, for `try`. */
  p = 0;
  /** What was sent in. */
  v: unknown = undefined;
  /** The call that it waits for (`yield*`). */
  delegate: Iterator<unknown> | null = null;
  /** It has returned. */
  done = false;
  #way: Way = 0;
  #argument: unknown = undefined;
  #era: number;

  /** A call that has not begun. */
  constructor(
    site: number,
    body: (frame: Frame) => unknown,
    tries: Try[] | null,
    locals: (() => readonly unknown[]) | null,
    restore: ((saved: readonly unknown[]) => void) | null,
    live: Readonly<Record<number, readonly number[]>> | null = null,
  ) {
    this.site = site;
    this.body = body;
    this.tries = tries;
    this.locals = locals;
    this.restore = restore;
    this.live = live;
    // What a step makes is gone when the step is taken back.
    this.#era = logging() ? era() : 0;
  }

  /** Itself. */
  [Symbol.iterator](): this {
    return this;
  }

  /** Goes on to the next stop. */
  next(value?: unknown): IteratorResult<unknown> {
    return this.#run(0, value);
  }

  /** Goes on with an error. */
  throw(error: unknown): IteratorResult<unknown> {
    return this.#run(1, error);
  }

  /** Ends it. */
  return(value: unknown): IteratorResult<unknown> {
    return this.#run(2, value);
  }

  /** The body leaves a block. @internal */
  a(way: Way, argument?: unknown): unknown {
    return this.#leave(way, argument);
  }

  /** The body is at the end of a `finally`. @internal */
  f(finallyCase: number): unknown {
    return this.#leave(4, finallyCase);
  }

  /** The body waits for a call of its own. @internal */
  d(inner: Iterator<unknown>, next: number): unknown {
    this.delegate = inner;
    this.#way = 0;
    this.#argument = undefined;
    this.n = next;
    return ON;
  }

  #save(): void {
    if (!logging() || this.#era === era()) return;
    this.#era = era();
    note(this, back as Undo, {
      n: this.n,
      p: this.p,
      delegate: this.delegate,
      done: this.done,
      tries: this.tries === null ? null : this.tries.map((entry) => [...entry] as Try),
      locals: this.restore === null || this.locals === null ? null : this.locals(),
    } satisfies Saved);
  }

  #leave(way: Way, argument: unknown): unknown {
    this.#way = way;
    this.#argument = argument;
    let found = false;
    for (const entry of this.done ? [] : (this.tries ?? [])) {
      const [first, onCatch, onFinally] = entry;
      const { p } = this;
      if (way > 3) {
        found = onFinally === argument;
        if (found) {
          // Nothing left it on the way: it goes on behind the block.
          this.#way = entry[4] ?? 3;
          this.#argument = entry[4] === undefined ? entry[3] : entry[5];
          entry[4] = undefined;
          entry[5] = undefined;
        }
      } else if (first <= p) {
        if (way < 2 && onCatch !== undefined && p < onCatch) {
          found = true;
          this.#way = 0;
          this.v = argument;
          this.n = onCatch;
        } else if (onFinally !== undefined && p < onFinally) {
          found = way < 3 || first > (argument as number) || (argument as number) > onFinally;
          if (found) {
            entry[4] = way;
            entry[5] = argument;
            this.n = onFinally;
            this.#way = 0;
          }
        }
      }
      if (found) break;
    }
    if (found || way > 1) return ON;
    this.done = true;
    throw argument;
  }

  #run(way: Way, argument: unknown): IteratorResult<unknown> {
    if (this.done) {
      if (way === 1) throw argument;
      return { value: way === 2 ? argument : undefined, done: true };
    }
    this.#way = way;
    this.#argument = argument;
    for (;;) {
      if (this.delegate === null) {
        this.#save();
        if (this.#way === 0) this.v = this.#argument;
        else if (this.#way === 3) this.n = this.#argument as number;
        else {
          if (this.#way === 2) this.n = -1;
          this.#leave(this.#way, this.#argument);
        }
      }
      try {
        if (this.delegate !== null) {
          const inner = this.delegate;
          const step =
            this.#way === 0
              ? inner.next(this.#argument as undefined)
              : this.#way === 1
                ? (inner as Frame).throw(this.#argument)
                : (inner as Frame).return(this.#argument);
          if (step.done !== true) return step;
          this.#save();
          this.#argument = step.value;
          if (this.#way < 2) this.#way = 0;
          this.delegate = null;
        } else {
          this.done = this.n < 0;
          const out = this.done ? this.#argument : this.body(this);
          if (out !== ON) return { value: out, done: this.done };
        }
      } catch (error) {
        this.#save();
        this.delegate = null;
        this.#way = 1;
        this.#argument = error;
      }
    }
  }
}

/** What `yield*` goes through. */
export function delegated(values: Iterable<unknown> | Iterator<unknown>): Iterator<unknown> {
  return "next" in values ? values : values[Symbol.iterator]();
}
