import { BadLine } from "@gpuvm/conformance";

/** A request's words, to be read from left to right. */
export class Words {
  readonly all: readonly string[];
  /** The next word. */
  at = 2;

  constructor(all: readonly string[]) {
    this.all = all;
  }

  /** Whether nothing is left. */
  get done(): boolean {
    return this.at >= this.all.length;
  }

  /** Whether the next word is one of these, which is taken then. */
  take(...names: readonly string[]): string | null {
    const word = this.all[this.at];
    if (word === undefined || !names.includes(word)) return null;
    this.at++;
    return word;
  }

  number(): number {
    const word = this.all[this.at++];
    const value = Number(word);
    if (word === undefined || !Number.isSafeInteger(value))
      throw new BadLine(`word ${this.at - 1} of "${this.all.join(" ")}" is no number`);
    return value;
  }

  /** A number, if there is one more word. */
  optional(): number | undefined {
    return this.done ? undefined : this.number();
  }

  of<T>(values: Readonly<Record<string, T>>): T {
    const word = this.all[this.at++] ?? "";
    if (!Object.hasOwn(values, word))
      throw new BadLine(
        `word ${this.at - 1} of "${this.all.join(" ")}" is none of ${Object.keys(values).join(", ")}`,
      );
    return values[word] as T;
  }

  /** Nothing more is expected. */
  end(): void {
    if (!this.done) throw new BadLine(`"${this.all.join(" ")}" has more words than are known`);
  }
}
