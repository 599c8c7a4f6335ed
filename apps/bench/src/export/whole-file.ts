import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { UsageError } from "@gpuvm/drm-model";

/** A file that is written in pieces and appears under its name when it is complete, or not at all. */
export class WholeFile {
  readonly #path: string;
  readonly #partial: string;
  readonly #stream: WriteStream;
  #error: Error | undefined;

  /** Begins a file. */
  constructor(path: string) {
    this.#path = path;
    this.#partial = `${path}.partial`;
    this.#stream = createWriteStream(this.#partial);
    this.#stream.on("error", (error) => {
      this.#error = error;
    });
  }

  /** Appends. @throws UsageError if it can't be written */
  async write(piece: string | Uint8Array): Promise<void> {
    if (piece.length === 0) return;
    this.#check();
    if (!this.#stream.write(piece)) await once(this.#stream, "drain").catch(() => this.#check());
    this.#check();
  }

  /** The file is complete. @throws UsageError if it can't be written */
  async close(): Promise<void> {
    this.#stream.end();
    await finished(this.#stream).catch(() => {});
    this.#check();
    await rename(this.#partial, this.#path);
  }

  /** Leaves nothing. */
  async abort(): Promise<void> {
    this.#stream.destroy();
    await finished(this.#stream).catch(() => {});
    await rm(this.#partial, { force: true });
  }

  #check(): void {
    if (this.#error !== undefined) {
      throw new UsageError(`${this.#path}: can't be written: ${this.#error.message}`);
    }
  }
}
