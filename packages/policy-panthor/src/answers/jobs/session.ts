import type { Answer, DriverSession } from "@gpuvm/conformance";
import { type Order, Run } from "./run.ts";
import type { Thing } from "./world.ts";

/** What a recording does not say of the machine that it was made on. */
interface Unsaid {
  /** Ticks of the clock since the last whole granule of the timer wheel, when the sequence began. */
  readonly begun: number;
  /** By the number of the request: where it is not the usual one. */
  readonly orders: ReadonlyMap<number, Order>;
  /** What was left of earlier sequences at numbers of things that could not be made. */
  readonly left: ReadonlyMap<string, Thing>;
}

const JIFFY_NS = 10e6;
/** The recorder begins at even ticks; a granule of the wheel has 8. */
const BEGINNINGS = [0, 2, 4, 6];
const ORDERS: readonly Order[] = [
  { ends: "late" },
  { begins: "first" },
  { begins: "first", ends: "late" },
  {},
];
/** At no file: the recorder answers -EBADF. */
const NOWHERE: Thing = { file: 0, handle: 0 };

/** One sequence of requests of groups and their jobs. */
export class JobsSession implements DriverSession {
  readonly past: { readonly words: readonly string[]; answer: string }[] = [];
  unsaid: Unsaid = { begun: 0, orders: new Map(), left: new Map() };
  #run: Run = this.#begin(this.unsaid);
  #others: Iterator<Unsaid> | null = null;

  answer(words: readonly string[]): Answer {
    this.#others = null;
    const answer = this.#run.answer(words, {});
    this.past.push({ words, answer: JSON.stringify(answer) });
    return answer;
  }

  another(): Answer | null {
    this.#others ??= this.#all();
    for (let next = this.#others.next(); next.done !== true; next = this.#others.next()) {
      const answer = this.#replay(next.value);
      if (answer !== null) return answer;
    }
    return null;
  }

  describe(): readonly string[] {
    return Object.entries(this.#run.state()).map(([name, lines]) => `${name} ${JSON.stringify(lines)}`);
  }

  /** Everything once more, from the beginning. @returns null if it would have been answered otherwise before */
  #replay(unsaid: Unsaid): Answer | null {
    const run = this.#begin(unsaid);
    const last = this.past.length - 1;
    for (const [i, { words, answer: before }] of this.past.entries()) {
      const answer = run.answer(words, unsaid.orders.get(i) ?? {});
      const told = JSON.stringify(answer);
      if (i < last && told !== before) return null;
      if (i < last) continue;
      (this.past[i] as { answer: string }).answer = told;
      this.unsaid = unsaid;
      this.#run = run;
      return answer;
    }
    return null;
  }

  #begin({ begun, left }: Unsaid): Run {
    const guess = (kind: string, number: number) => left.get(`${kind} ${number}`) ?? NOWHERE;
    return new Run(guess, begun * JIFFY_NS);
  }

  /** Whatever else may have been, beside what was taken to be so far. */
  *#all(): Generator<Unsaid> {
    const { unsaid, past } = this;
    for (const left of this.#leftOvers(past.at(-1)?.words ?? [])) yield { ...unsaid, left };
    for (const begun of BEGINNINGS) {
      if (begun === unsaid.begun) continue;
      yield { ...unsaid, begun };
      for (const order of ORDERS)
        yield { ...unsaid, begun, orders: new Map([...unsaid.orders, [past.length - 1, order]]) };
    }
    for (let i = past.length - 1; i >= 0; i--)
      for (const order of ORDERS) yield { ...unsaid, orders: new Map([...unsaid.orders, [i, order]]) };
    yield unsaid;
  }

  /** What the number of a request may stand for, if the thing could not be made. */
  *#leftOvers([, what = "", number = ""]: readonly string[]): Generator<ReadonlyMap<string, Thing>> {
    const kind = what.startsWith("heap") ? "heap" : "group";
    const name = `${kind} ${number}`;
    const { left } = this.unsaid;
    const { things, files } = this.#run.world;
    if (left.has(name) || things.get(name) !== NOWHERE) return;
    for (const [file, opened] of files)
      for (const handle of [0, ...(kind === "group" ? opened.groups : opened.heaps).keys()])
        yield new Map([...left, [name, { file, handle }]]);
  }
}
