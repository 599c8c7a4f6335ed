import { statSync } from "node:fs";
import { bytes } from "@gpuvm/results/units";
import { Progress } from "../cli/progress.ts";
import { inputBytes, STDIN } from "./input-bytes.ts";

/** Files that are read as streams, with one progress line over all of them. */
export class Inputs {
  readonly #progress: Progress;
  readonly #signal: AbortSignal;
  #read = 0;

  /** Files by path; `-` is standard input. */
  constructor(paths: readonly string[], signal: AbortSignal) {
    const sizes = paths.map((path) => (path === STDIN ? Number.NaN : sizeOf(path)));
    const total = sizes.reduce((sum, size) => sum + size, 0);
    this.#progress = new Progress({ total, unit: "", format: bytes });
    this.#signal = signal;
  }

  /** The bytes of one of them, as they are stored. Throws the signal's reason when the user has had enough. */
  async *open(path: string): AsyncGenerator<Uint8Array, void, undefined> {
    for await (const chunk of inputBytes(path, this.#signal)) {
      yield chunk;
      this.#read += chunk.length;
      this.#progress.show(this.#read, path);
    }
  }

  /** Takes the progress line away. */
  end(): void {
    this.#progress.end();
  }
}

/** Nothing for what is not there: opening it will say so, with a reason. */
function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
