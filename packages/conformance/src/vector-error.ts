/**
 * A file of golden vectors can't be read. Its message is `FILE:LINE: reason`.
 *
 * @example
 * ```ts
 * import { VectorError } from "@gpuvm/conformance";
 * const e = new VectorError("edge.jsonl", 3, "addr is missing");
 * console.assert(e.message === "edge.jsonl:3: addr is missing");
 * ```
 */
export class VectorError extends Error {
  override readonly name = "VectorError";
  /** The file as the caller named it. */
  readonly file: string;
  /** Line, from 1; 0 where the file as a whole is meant. */
  readonly line: number;
  /** What is wrong, without a full stop. */
  readonly reason: string;

  /** An error about one line. */
  constructor(file: string, line: number, reason: string, options?: { cause?: unknown }) {
    super(`${line > 0 ? `${file}:${line}` : file}: ${reason}`, options);
    this.file = file;
    this.line = line;
    this.reason = reason;
  }
}
