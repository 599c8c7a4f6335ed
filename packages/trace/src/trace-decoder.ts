/** Lines to events: the part of the reader that knows neither files nor compression. */
import type { Request, TraceHeader } from "@gpuvm/drm-model";
import { decodeEvent } from "./decode-event.ts";
import { EventProblem } from "./event-problem.ts";
import { findInexactInteger } from "./exact-integer.ts";
import { FastLine } from "./fast-line.ts";
import { DecodeState } from "./field.ts";
import { parseHeader } from "./header.ts";
import type { LineBlock } from "./line-block.ts";
import { TraceError, type TraceWarning } from "./trace-error.ts";

const COMMA = 44;
const OPEN_BRACKET = 91;
const CLOSE_BRACKET = 93;
const OPEN_BRACE = 123;

function countBraces(bytes: Uint8Array, length: number): number {
  let braces = 0;
  for (let i = 0; i < length; i++) if (bytes[i] === OPEN_BRACE) braces++;
  return braces;
}

/** Decodes one file, block by block, and remembers what later lines depend on. */
export class TraceDecoder {
  header: TraceHeader | undefined;
  readonly #file: string;
  readonly #state = new DecodeState();
  readonly #utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  readonly #fast = new FastLine();
  readonly #values: unknown[] = [];
  readonly #rest: number[] = [];
  #scratch = new Uint8Array(0);
  #lastTime = 0;
  #endLine = 0;
  #events = 0;
  #submits = 0;

  constructor(file: string) {
    this.#file = file;
  }

  /** Events decoded so far. */
  get events(): number {
    return this.#events;
  }

  /**
   * Appends the events of a block to `out`. On a damaged line the events before it are in `out` already.
   *
   * @throws TraceError for the first damaged line.
   */
  decode(block: LineBlock, out: Request[]): void {
    let first = 0;
    while (this.header === undefined && first < block.count) {
      const line = this.#line(block, first);
      if (line.trim() !== "") this.header = parseHeader(line, this.#file, block.firstLine + first);
      first++;
    }
    if (first === block.count) return;
    const { bytes, starts } = block;
    const values = this.#values;
    values.length = 0;
    // What the fast parser leaves is parsed together, then everything is decoded in the order of the file.
    const rest = this.#rest;
    rest.length = 0;
    for (let i = first; i < block.count; i++) {
      const raw = this.#fast.parse(bytes, starts[i] as number, (starts[i + 1] as number) - 1);
      values.push(raw);
      if (raw === undefined) rest.push(i);
    }
    const parsed = rest.length === 0 ? undefined : this.#parseAll(block, rest);
    if (parsed !== undefined)
      for (let k = 0; k < rest.length; k++) values[(rest[k] as number) - first] = parsed[k];
    for (let i = first; i < block.count; i++) {
      const value = values[i - first] ?? this.#parseLine(block, i);
      if (value !== undefined) out.push(this.#event(block, i, value));
    }
  }

  /** Compares what was read with what the header promised. */
  finish(line: number): TraceWarning[] {
    const { header } = this;
    if (header === undefined) {
      throw new TraceError({
        file: this.#file,
        line: 1,
        reason: "the file is empty",
        hint: "a trace has at least a header line; was the recording or the copy interrupted?",
      });
    }
    const warnings: TraceWarning[] = [];
    const compare = (name: "events" | "boCount" | "submits", found: number): void => {
      const promised = header[name];
      if (promised !== undefined && promised !== found) {
        const message = `the header says ${name} ${promised}, the file has ${found}: it was cut or edited`;
        warnings.push({ file: this.#file, line, message });
      }
    };
    compare("events", this.#events);
    compare("boCount", this.#state.buffers.count);
    compare("submits", this.#submits);
    return warnings;
  }

  /**
   * Parses lines in one go, as an array: faster than line by line. Undefined when they aren't made of exactly one object
   * each. That is certain when every line begins with a brace, there are no other braces, and the array has as many values
   * as there are lines: then no line holds two objects, and no object reaches into the next line.
   */
  #parseAll(block: LineBlock, lines: readonly number[]): unknown[] | undefined {
    const { bytes, starts } = block;
    if (this.#scratch.length < bytes.length + 1) this.#scratch = new Uint8Array(bytes.length * 2 + 1);
    const scratch = this.#scratch;
    scratch[0] = OPEN_BRACKET;
    let length = 0;
    for (let k = 0; k < lines.length; ) {
      // Lines that follow each other are copied together.
      const from = lines[k] as number;
      let to = from;
      for (; k < lines.length && lines[k] === to; k++, to++) {
        if (bytes[starts[to] as number] !== OPEN_BRACE) return undefined;
      }
      const begin = starts[from] as number;
      scratch.set(bytes.subarray(begin, starts[to] as number), length + 1);
      for (let i = from + 1; i <= to; i++) scratch[length + (starts[i] as number) - begin] = COMMA;
      length += (starts[to] as number) - begin;
    }
    scratch[length] = CLOSE_BRACKET;
    if (countBraces(scratch, length) !== lines.length) return undefined;
    try {
      const values: unknown = JSON.parse(this.#utf8.decode(scratch.subarray(0, length + 1)));
      return Array.isArray(values) && values.length === lines.length ? values : undefined;
    } catch {
      return undefined;
    }
  }

  #line(block: LineBlock, i: number): string {
    const bytes = block.bytes.subarray(block.starts[i], (block.starts[i + 1] as number) - 1);
    try {
      return this.#utf8.decode(bytes);
    } catch (cause) {
      throw this.#damaged(
        block,
        i,
        "the line is not UTF-8",
        "convert the file, or check how it was copied",
        0,
        cause,
      );
    }
  }

  /** Undefined for an empty line. */
  #parseLine(block: LineBlock, i: number): unknown {
    const line = this.#line(block, i);
    if (line.trim() === "") return undefined;
    try {
      return JSON.parse(line) as unknown;
    } catch (cause) {
      const message = cause instanceof Error ? cause.message : "";
      const at = /position (\d+)/.exec(message)?.[1];
      const column = at === undefined ? 0 : Number(at) + 1;
      const hint = "restore the line, or cut the file before it; was the recording or the copy interrupted?";
      throw this.#damaged(block, i, "the line is not JSON", hint, column, cause);
    }
  }

  #event(block: LineBlock, i: number, value: unknown): Request {
    const state = this.#state;
    state.big = false;
    let event: Request;
    try {
      event = decodeEvent(state, value);
    } catch (cause) {
      if (!(cause instanceof EventProblem)) throw cause;
      const column = this.#line(block, i).indexOf(`"${cause.field}"`) + 1;
      throw this.#damaged(block, i, cause.reason, cause.hint, column, cause);
    }
    if (state.big) this.#checkExact(block, i);
    if (event.t < this.#lastTime) {
      const reason = `t goes back from ${this.#lastTime} to ${event.t}`;
      throw this.#damaged(block, i, reason, "lines are in the order of time; sort them, or correct t", 0);
    }
    if (this.#endLine !== 0) {
      const reason = `an event after the end on line ${this.#endLine}`;
      throw this.#damaged(block, i, reason, "nothing follows an end event; were two files joined?", 0);
    }
    this.#lastTime = event.t;
    this.#events++;
    if (event.op === "submit" || event.op === "exec") this.#submits++;
    else if (event.op === "end") this.#endLine = block.firstLine + i;
    return event;
  }

  #checkExact(block: LineBlock, i: number): void {
    const found = findInexactInteger(block.bytes, block.starts[i] as number, block.starts[i + 1] as number);
    if (found === undefined) return;
    const reason = `${found.literal} can't be held exactly`;
    const hint = "values above 2^53 must be multiples of a 4096-byte page, as addresses of pages are";
    throw this.#damaged(block, i, reason, hint, found.column);
  }

  #damaged(
    block: LineBlock,
    i: number,
    reason: string,
    hint: string,
    column: number,
    cause?: unknown,
  ): TraceError {
    return new TraceError(
      { file: this.#file, line: block.firstLine + i, ...(column > 0 ? { column } : {}), reason, hint },
      cause === undefined ? undefined : { cause },
    );
  }
}
