import { GpuvmError } from "./error.ts";

/** Something that is counted: a BO, a vm_bo, a VM. */
export interface Counted {
  /** Its name in findings: `bo#3`. */
  readonly name: string;
}

/** Who holds a reference: a name, or an object that can tell its own. */
export type Holder = string | { readonly name: string };

/** One line of {@link Ledger.holders}. */
export interface Holding {
  /** The holder's name. */
  readonly holder: string;
  /** The holder as it was passed, to follow the chain. */
  readonly by: Holder;
  /** How many references it holds. */
  readonly count: number;
}

/**
 * Every counted reference with its named holder, so that "who keeps this alive" has an answer. A put must name who
 * took the reference. On a device without a ledger nothing is recorded and nothing is paid.
 */
export class Ledger {
  /** Told of each reference taken: who takes edges that a policy does not declare? */
  onGet: ((what: Counted, by: Holder) => void) | null = null;
  readonly #books = new Map<Counted, Map<string, { by: Holder; count: number }>>();

  /** `by` took a reference on `what`. */
  get(what: Counted, by: Holder): void {
    const book = this.#books.get(what) ?? new Map<string, { by: Holder; count: number }>();
    this.#books.set(what, book);
    const name = holderName(by);
    const entry = book.get(name);
    if (entry === undefined) book.set(name, { by, count: 1 });
    else entry.count++;
    this.onGet?.(what, by);
  }

  /**
   * `by` dropped a reference on `what`.
   *
   * @throws GpuvmError `LEDGER` if it held none.
   */
  put(what: Counted, by: Holder): void {
    const book = this.#books.get(what);
    const name = holderName(by);
    const entry = book?.get(name);
    if (book === undefined || entry === undefined) {
      const held =
        this.holders(what)
          .map((h) => `${h.holder} x${h.count}`)
          .join(", ") || "nobody";
      throw new GpuvmError(
        "LEDGER",
        `${name} puts a reference on ${what.name} that it does not hold (held by: ${held})`,
        [what.name, name],
      );
    }
    if (--entry.count === 0) book.delete(name);
    if (book.size === 0) this.#books.delete(what);
  }

  /** A reference changes hands without the count changing. */
  move(what: Counted, from: Holder, to: Holder): void {
    this.put(what, from);
    this.get(what, to);
  }

  /** Who holds references on `what` now, in the order in which they came. */
  holders(what: Counted): Holding[] {
    const book = this.#books.get(what);
    if (book === undefined) return [];
    return [...book].map(([holder, { by, count }]) => ({ holder, by, count }));
  }

  /** How many references on `what` are recorded. */
  count(what: Counted): number {
    let sum = 0;
    for (const { count } of this.#books.get(what)?.values() ?? []) sum += count;
    return sum;
  }

  /** Everything on which references are held. */
  all(): Counted[] {
    return [...this.#books.keys()];
  }
}

/** The name of a holder. */
export function holderName(by: Holder): string {
  return typeof by === "string" ? by : by.name;
}
