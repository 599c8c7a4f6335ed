/** Where and why an input can't be read, and what to do about it. */
export interface TraceErrorInfo {
  /** The file as the caller named it. */
  readonly file: string;
  /** Line, from 1; 0 when the file as a whole is meant. */
  readonly line: number;
  /** Column, from 1, where it is known. */
  readonly column?: number;
  /** What is wrong, without a full stop. */
  readonly reason: string;
  /** What to do about it, without a full stop. */
  readonly hint: string;
}

/**
 * The one error that the readers throw for bad input. Its message is `FILE:LINE: reason (hint)`.
 *
 * @example
 * ```ts
 * import { TraceError } from "@gpuvm/trace";
 * const e = new TraceError({ file: "a.jsonl", line: 3, reason: "bo is missing", hint: "add it" });
 * e.message; // "a.jsonl:3: bo is missing (add it)"
 * ```
 */
export class TraceError extends Error implements TraceErrorInfo {
  override readonly name = "TraceError";
  readonly file: string;
  readonly line: number;
  readonly column?: number;
  readonly reason: string;
  readonly hint: string;

  constructor(info: TraceErrorInfo, options?: { cause?: unknown }) {
    const where = info.line > 0 ? `${info.file}:${info.line}` : info.file;
    super(`${where}: ${info.reason} (${info.hint})`, options);
    this.file = info.file;
    this.line = info.line;
    if (info.column !== undefined) this.column = info.column;
    this.reason = info.reason;
    this.hint = info.hint;
  }
}

/** Something odd that doesn't stop the reading, such as a header whose counts don't fit. */
export interface TraceWarning {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}
