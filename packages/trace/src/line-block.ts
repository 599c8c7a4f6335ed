/** Bytes to blocks of whole lines. */
import { TraceError } from "./trace-error.ts";

const NEWLINE = 10;
const OPEN_BRACE = 123;

/** Lines that are handed on together, at most. */
export const BLOCK_LINES_MAX = 4096;

/** A line longer than this is no event; without a limit a file without newlines would be held in memory as a whole. */
export const LINE_BYTES_MAX = 16 * 1024 * 1024;

/** Some whole lines. Valid until the next block is asked for: the buffers are used again. */
export interface LineBlock {
  readonly bytes: Uint8Array;
  /** Offset of each line in `bytes`; entry `count` is one past the last line's newline. */
  readonly starts: Int32Array;
  readonly count: number;
  /** Number of the first line in the file, from 1. */
  readonly firstLine: number;
  /** Opening braces in the block. Equal to `count` in a block of healthy events, which have no object inside. */
  readonly braces: number;
}

/** Collects chunks of bytes and gives back blocks of whole lines. */
export class LineBlocks {
  readonly #file: string;
  readonly #starts = new Int32Array(BLOCK_LINES_MAX + 1);
  #rest: Uint8Array = new Uint8Array(0);
  #line = 1;
  #begun = false;

  constructor(file: string) {
    this.#file = file;
  }

  /** Number of the line that comes next, from 1. */
  get line(): number {
    return this.#line;
  }

  /** Adds bytes and gives every line that they complete. */
  *push(chunk: Uint8Array): Generator<LineBlock, void, undefined> {
    const bytes = this.#joined(chunk);
    yield* this.#blocks(bytes);
    if (this.#rest.length > LINE_BYTES_MAX) {
      throw new TraceError({
        file: this.#file,
        line: this.#line,
        reason: `the line is longer than ${LINE_BYTES_MAX} bytes`,
        hint: "is this a gpu-bo-trace? Its events are one line each",
      });
    }
  }

  /** Gives the last line when it has no newline. */
  *finish(): Generator<LineBlock, void, undefined> {
    const rest = this.#rest;
    if (rest.length === 0) return;
    this.#rest = new Uint8Array(0);
    const closed = new Uint8Array(rest.length + 1);
    closed.set(rest);
    closed[rest.length] = NEWLINE;
    yield* this.#blocks(closed);
  }

  #joined(chunk: Uint8Array): Uint8Array {
    const rest = this.#rest;
    let bytes = chunk;
    if (rest.length > 0) {
      bytes = new Uint8Array(rest.length + chunk.length);
      bytes.set(rest);
      bytes.set(chunk, rest.length);
    }
    if (this.#line === 1 && !this.#begun && bytes.length >= 3) {
      this.#begun = true;
      // A byte order mark, which some editors add, is no part of the first line.
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3);
    }
    return bytes;
  }

  *#blocks(bytes: Uint8Array): Generator<LineBlock, void, undefined> {
    const starts = this.#starts;
    let base = 0;
    let count = 0;
    let braces = 0;
    starts[0] = 0;
    for (let i = 0; i < bytes.length; i++) {
      const c = bytes[i];
      if (c === OPEN_BRACE) braces++;
      if (c !== NEWLINE) continue;
      starts[++count] = i + 1 - base;
      if (count === BLOCK_LINES_MAX) {
        yield this.#block(bytes.subarray(base, i + 1), count, braces);
        base = i + 1;
        count = 0;
        braces = 0;
      }
    }
    const end = base + (starts[count] as number);
    if (count > 0) {
      // The braces of the unfinished line are not this block's.
      for (let i = end; i < bytes.length; i++) if (bytes[i] === OPEN_BRACE) braces--;
      yield this.#block(bytes.subarray(base, end), count, braces);
    }
    this.#rest = bytes.slice(end);
  }

  #block(bytes: Uint8Array, count: number, braces: number): LineBlock {
    const firstLine = this.#line;
    this.#line += count;
    return { bytes, starts: this.#starts, count, firstLine, braces };
  }
}
