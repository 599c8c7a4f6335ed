import { BadLine } from "@gpuvm/conformance";

/** The words of a request, one after the other. */
export class Words {
  readonly #words: readonly string[];
  #at = 0;

  constructor(words: readonly string[]) {
    this.#words = words;
  }

  /** No word is left. */
  get done(): boolean {
    return this.#at >= this.#words.length;
  }

  /** The next word. */
  word(): string {
    const word = this.#words[this.#at++];
    if (word === undefined) throw new BadLine(`"${this.#words.join(" ")}" ends where a word is expected`);
    return word;
  }

  /** The next word as a number, decimal or `0x...`. */
  number(): number {
    const word = this.word();
    const n = Number(word);
    if (!Number.isSafeInteger(n))
      throw new BadLine(`"${word}" in "${this.#words.join(" ")}" is not a number`);
    return n;
  }

  /** Takes the next word if it is this one. */
  takes(word: string): boolean {
    if (this.#words[this.#at] !== word) return false;
    this.#at++;
    return true;
  }
}
