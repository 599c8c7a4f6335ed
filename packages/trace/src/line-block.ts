/** Bytes to blocks of whole lines. */
import { TraceError } from "./trace-error.ts";

const NEWLINE = 10;

/** Lines that are handed on together, at most. */
export const BLOCK_LINES_MAX = 4096;

/** A line longer than this is no event; without a limit a file without newlines would be held in memory as a whole. */
export const LINE_BYTES_MAX: number = 16 * 1024 * 1024;

/** Some whole lines. Valid until the next block is asked for: the buffers are used again. */
export interface LineBlock {
  readonly bytes: Uint8Array;
  /** Offset of each line in `bytes`; entry `count` is one past the last line's newline. */
  readonly starts: Int32Array;
  readonly count: number;
  /** Number of the first line in the file, from 1. */
  readonly firstLine: number;
}

/** Collects chunks of bytes and gives back blocks of whole lines. */
export class LineBlocks {
  readonly #file: string;
  readonly #starts: Int32Array = new Int32Array(BLOCK_LINES_MAX + 1);
  /** What has no newline yet: joined once one comes, not at each chunk. */
  #rest: Uint8Array[] = [];
  #restBytes = 0;
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
    if (chunk.includes(NEWLINE)) yield* this.#blocks(this.#joined(chunk));
    // The buffer may be used again by whoever filled it.
    else if (chunk.length > 0) this.#keep(chunk.slice());
    if (this.#restBytes > LINE_BYTES_MAX) {
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
    if (this.#restBytes === 0) return;
    yield* this.#blocks(this.#joined(Uint8Array.of(NEWLINE)));
  }

  #keep(rest: Uint8Array): void {
    this.#rest.push(rest);
    this.#restBytes += rest.length;
  }

  #joined(chunk: Uint8Array): Uint8Array {
    let bytes = chunk;
    if (this.#restBytes > 0) {
      bytes = new Uint8Array(this.#restBytes + chunk.length);
      let at = 0;
      for (const piece of this.#rest) {
        bytes.set(piece, at);
        at += piece.length;
      }
      bytes.set(chunk, at);
      this.#rest = [];
      this.#restBytes = 0;
    }
    if (this.#line === 1 && !this.#begun && bytes.length >= 3) {
      this.#begun = true;
      // A byte order mark, which some editors add, is no part of the first line.
      if (bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf) bytes = bytes.subarray(3);
    }
    return bytes;
  }

  *#blocks(bytes: Uint8Array): Generator<LineBlock, void, undefined> {
    let base = 0;
    for (;;) {
      const starts = this.#starts;
      const count = findLines(bytes, base, starts);
      if (count === 0) break;
      const firstLine = this.#line;
      this.#line += count;
      const end = base + (starts[count] as number);
      yield { bytes: bytes.subarray(base, end), starts, count, firstLine };
      base = end;
    }
    if (base < bytes.length) this.#keep(bytes.slice(base));
  }
}

/**
 * Writes the offsets of the whole lines from `base` on, counted from there, and returns how many there are. A function
 * of its own because a loop over bytes in a generator ran seven times slower.
 */
function findLines(bytes: Uint8Array, base: number, starts: Int32Array): number {
  let count = 0;
  starts[0] = 0;
  for (let i = base; i < bytes.length; i++) {
    if (bytes[i] !== NEWLINE) continue;
    starts[++count] = i + 1 - base;
    if (count === BLOCK_LINES_MAX) break;
  }
  return count;
}
