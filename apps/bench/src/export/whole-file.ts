import { UsageError, visible } from "@gpuvm/drm-model";
import { OutputFile, systemReason } from "@gpuvm/trace/node";

/** A file that is written in pieces and appears under its name when it is complete, or not at all. */
export class WholeFile {
  readonly #path: string;
  readonly #file: OutputFile;

  /** Begins a file. @throws UsageError if it can't be written */
  constructor(path: string) {
    this.#path = path;
    this.#file = this.#tried(() => new OutputFile(path));
  }

  /** Appends; what in a text could act on a terminal is written out. @throws UsageError if it can't be written */
  write(piece: string | Uint8Array): void {
    this.#tried(() => this.#file.write(typeof piece === "string" ? visible(piece) : piece));
  }

  /** The file is complete. @throws UsageError if it can't be written */
  close(): void {
    this.#tried(() => this.#file.commit());
  }

  /** Leaves nothing. */
  abort(): void {
    this.#file.abort();
  }

  #tried<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw new UsageError(`${this.#path}: can't be written: ${systemReason(error, "write")}`);
    }
  }
}
