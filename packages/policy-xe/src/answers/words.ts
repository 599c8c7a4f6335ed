import { BadLine } from "@gpuvm/conformance";

/** The words of a request, taken one by one. */
export class Words {
  readonly #words: readonly string[];
  #at: number;

  /** Behind the driver's name and the request's. */
  constructor(words: readonly string[]) {
    this.#words = words;
    this.#at = 2;
  }

  /** Whether any are left. */
  get more(): boolean {
    return this.#at < this.#words.length;
  }

  /** The next one. */
  word(): string {
    const word = this.#words[this.#at++];
    if (word === undefined) throw new BadLine(`"${this.#words.join(" ")}" ends too early`);
    return word;
  }

  /** The next one, if it is this. */
  skip(word: string): boolean {
    if (this.#words[this.#at] !== word) return false;
    this.#at++;
    return true;
  }

  /** The next one, a number. */
  number(): number {
    const word = this.word();
    const n = Number(word);
    if (!Number.isSafeInteger(n) || n < 0)
      throw new BadLine(`word ${this.#at - 1} of "${this.#words.join(" ")}" is no number: ${word}`);
    return n;
  }
}
