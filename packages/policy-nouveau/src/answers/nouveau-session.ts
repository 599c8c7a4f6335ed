import type { Answer, DriverSession } from "@gpuvm/conformance";
import { NouveauRun } from "./nouveau-run.ts";
import { type Asleep, LANES, type Lane, type Turn } from "./workers.ts";

/** Other answers that are looked at for one request. */
const MOST = 30_000;

const PLAIN: Asleep = { first: null, late: false };

/** What can go on while a request sleeps. */
const SLEEPS: readonly Asleep[] = [
  PLAIN,
  { first: null, late: true },
  { first: "run", late: false },
  { first: "run", late: true },
];

/** Who goes on after a request. */
const AFTERWARDS: readonly (readonly Turn[])[] = [
  ["first"],
  ["run", "free", "channel"],
  ["free", "run", "channel"],
];

/** Whose workers go on before a request. */
const ORDERS: readonly (readonly Lane[])[] = [
  ["channel"],
  ["run"],
  ["free"],
  ["run", "free"],
  ["channel", "run"],
  ["channel", "run", "free"],
];

/** A request as it was done, and which workers went on before it began and before it was answered. */
interface Asked {
  readonly request: readonly string[];
  readonly before: readonly Turn[];
  readonly after: readonly Turn[];
  readonly asleep: Asleep;
}

/**
 * One sequence of requests to the driver. The recorder's kernel ran its workers when it liked: between two requests, and
 * before an answer was taken; its lock debugging made a lock look contended now and then. So an answer has others beside
 * it, for each place that the workers can have come to. Each is found by doing everything again from the beginning.
 */
export class NouveauSession implements DriverSession {
  readonly #seq: string;
  readonly #past: Asked[] = [];
  #run: NouveauRun;
  #tried = 0;
  #last: Asked | null = null;
  #others: Generator<Answer> | null = null;
  /** What goes on while a request sleeps, as is tried now. */
  #asleep = PLAIN;

  /** Nothing was asked. */
  constructor(seq: string) {
    this.#seq = seq;
    this.#run = new NouveauRun(seq);
  }

  answer(request: readonly string[]): Answer {
    if (this.#last !== null) this.#past.push(this.#last);
    this.#asleep = PLAIN;
    this.#others = this.#search(request);
    this.#tried = 0;
    return this.#ask(request, []);
  }

  another(): Answer | null {
    if (++this.#tried > MOST) return null;
    const { value, done } = this.#others?.next() ?? { value: undefined, done: true };
    return done ? null : (value as Answer);
  }

  describe(): readonly string[] {
    return this.#run.describe();
  }

  *#search(request: readonly string[]): Generator<Answer> {
    // What happens most is tried first: all went on after the request.
    yield* this.#after(["first"]);
    yield this.#again(request, []);
    yield* this.#after(LANES);
    for (const other of contended(request)) {
      yield this.#again(other, []);
      yield* this.#after(LANES);
    }
    yield this.#again(request, []);
    yield* this.#after(["channel", "run", "free"]);
    for (const asleep of SLEEPS) {
      this.#asleep = asleep;
      for (const runs of this.#counts(request, [], "run")) {
        yield this.#again(request, [], runs);
        yield* this.#after(["free", "channel"]);
      }
      for (const before of this.#befores()) {
        for (const order of AFTERWARDS) {
          yield this.#again(request, before);
          yield* this.#after(order);
        }
      }
    }
    this.#asleep = PLAIN;
    // None agrees: the first one stays.
    this.#again(request, []);
  }

  /** How far the workers can have gone before a request: one lane's; then two lanes', one after the other; then all. */
  *#befores(): Generator<readonly Turn[]> {
    for (const order of ORDERS) yield* this.#further([], order);
  }

  *#further(sofar: readonly Turn[], [lane, ...rest]: readonly Lane[]): Generator<readonly Turn[]> {
    if (lane === undefined) return;
    for (let n = 1; ; n++) {
      const before = [...sofar, ...lanes(lane, n)];
      if (!this.#can(before)) return;
      if (rest.length === 0) yield before;
      else yield* this.#further(before, rest);
    }
  }

  /** How far a lane's workers can go after a request. */
  *#counts(request: readonly string[], before: readonly Turn[], lane: Lane): Generator<readonly Turn[]> {
    for (let n = 0; ; n++) {
      this.#again(request, before);
      if (!lanes(lane, n).every((one) => this.#run.work(one))) return;
      yield lanes(lane, n);
    }
  }

  /** Whether the workers could go so far before the request. */
  #can(before: readonly Turn[]): boolean {
    this.#rebuild();
    return before.every((lane) => this.#run.work(lane));
  }

  /** Does a request; workers went on before and after. */
  #ask(request: readonly string[], before: readonly Turn[], after: readonly Turn[] = []): Answer {
    this.#last = { request, before, after, asleep: this.#asleep };
    const answer = this.#run.ask(request, before, this.#asleep);
    for (const lane of after) this.#run.work(lane);
    return after.length === 0 ? answer : this.#run.now();
  }

  /** Does it in another way, from the beginning. */
  #again(request: readonly string[], before: readonly Turn[], after: readonly Turn[] = []): Answer {
    this.#rebuild();
    return this.#ask(request, before, after);
  }

  /** After the request one lane's workers go on, step by step, then the next one's. */
  *#after(order: readonly Turn[]): Generator<Answer> {
    for (const lane of order) {
      while (this.#last !== null && this.#run.work(lane)) {
        this.#last = { ...this.#last, after: [...this.#last.after, lane] };
        yield this.#run.now();
      }
    }
  }

  /** Everything up to the last request, again. */
  #rebuild(): void {
    this.#run = new NouveauRun(this.#seq);
    for (const { request, before, after, asleep } of this.#past) {
      this.#run.ask(request, before, asleep);
      for (const lane of after) this.#run.work(lane);
    }
  }
}

/** A buffer list whose n-th object's lock is contended has that one first. */
function contended(request: readonly string[]): string[][] {
  const [driver = "", what = "", file = "", ...bos] = request;
  if (what !== "pushbuf") return [];
  return bos.slice(1).map((bo, i) => [driver, what, file, bo, ...bos.toSpliced(i + 1, 1)]);
}

function lanes(lane: Turn, n: number): Turn[] {
  return Array.from({ length: n }, () => lane);
}
