/** Bytes, decompressed when they are gzip, by what browsers and Node have alike. */
import { systemReason } from "./system-reason.ts";
import { TraceError } from "./trace-error.ts";

/** Where bytes come from: chunks, such as a `File`'s `stream()`, a response's body, or an array of them. */
export type ByteSource = ReadableStream<Uint8Array> | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

type Chunks = AsyncGenerator<Uint8Array, void, undefined>;

/** What the decompressor says of data that it can't take; an error with a code says it by that. */
class GzipError extends Error {}

/** Whether these are the first bytes of gzip data. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** What to call a source in messages when the caller gives no name. */
export const UNNAMED = "<input>";

/** Makes a TraceError of what reading or decompressing threw. `line` is the last one that was complete. */
export function inputError(cause: unknown, file: string, line: number): TraceError {
  if (cause instanceof TraceError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const message = cause instanceof Error ? cause.message : String(cause);
  const isGzipError = cause instanceof GzipError || code.startsWith("Z_");
  if (code === "Z_BUF_ERROR" || (isGzipError && /truncated|end of file|ended early/i.test(message))) {
    const hint = "copy the file again; what was read before is good";
    return new TraceError({ file, line, reason: "the gzip data ends early", hint }, { cause });
  }
  if (isGzipError) {
    const hint = "copy the file again, in binary mode";
    return new TraceError({ file, line, reason: `the gzip data is damaged: ${message}`, hint }, { cause });
  }
  if (code === "ERR_BUFFER_TOO_LARGE") {
    const hint = "use readTrace, which needs no more memory for a large file than for a small one";
    return new TraceError({ file, line: 0, reason: "too large to be read at once", hint }, { cause });
  }
  if (cause instanceof RangeError) {
    const hint = "split it, or give it more memory";
    return new TraceError({ file, line, reason: message, hint }, { cause });
  }
  const hints: Readonly<Record<string, string>> = {
    ENOENT: "check the path",
    EISDIR: "name the files in it",
  };
  const hint = hints[code] ?? "check the file and its permissions";
  return new TraceError(
    { file, line: 0, reason: `can't be read: ${systemReason(cause, "read")}`, hint },
    { cause },
  );
}

/** Chunks of decompressed bytes. */
export async function* inflate(source: ByteSource): Chunks {
  const { first, all } = await headOf(iterate(source));
  yield* isGzip(first) ? gunzip(all) : all;
}

/** Enough of the beginning to tell gzip by, and everything from the beginning. */
export async function headOf(chunks: Chunks): Promise<{ first: Uint8Array; all: Chunks }> {
  const head: Uint8Array[] = [];
  // The two bytes that tell gzip may come in two chunks.
  for (let bytes = 0; bytes < 2; ) {
    const next = await chunks.next();
    if (next.done === true) break;
    head.push(next.value);
    bytes += next.value.length;
  }
  const [only] = head;
  const first = head.length === 1 && only !== undefined ? only : concat(head);
  return { first, all: prepend(first, chunks) };
}

/** Chunks as one. */
export function concat(chunks: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

/** The chunks of a source, whatever it is; a source that is left early is closed. */
export async function* iterate(source: ByteSource): Chunks {
  if (!("getReader" in source)) {
    yield* source;
    return;
  }
  // Not every browser iterates streams.
  const reader = source.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}

async function* prepend(first: Uint8Array, rest: Chunks): Chunks {
  try {
    yield first;
    yield* rest;
  } finally {
    // A caller that stops after the first chunk has not got as far as the source's own loop.
    await rest.return();
  }
}

async function* gunzip(compressed: Chunks): Chunks {
  const { readable, writable } = new DecompressionStream("gzip");
  const source: { failure?: { readonly cause: unknown } } = {};
  const pumped = pump(compressed, writable.getWriter(), source);
  const reader = readable.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } catch (cause) {
    if (source.failure !== undefined) throw source.failure.cause;
    // Node's has a code; a browser's is a TypeError.
    throw cause instanceof TypeError && !("code" in cause) ? new GzipError(cause.message, { cause }) : cause;
  } finally {
    await reader.cancel().catch(() => {});
    await pumped;
    await compressed.return();
  }
}

/** Feeds the decompressor. What it says to that is read at its other end; what the source throws is noted. */
async function pump(
  compressed: Chunks,
  writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>,
  source: { failure?: { readonly cause: unknown } },
): Promise<void> {
  try {
    for (;;) {
      const next = await compressed.next().catch((cause: unknown) => {
        source.failure = { cause };
        throw cause;
      });
      if (next.done === true) break;
      await writer.write(next.value as Uint8Array<ArrayBuffer>);
    }
    await writer.close();
  } catch (cause) {
    await writer.abort(cause).catch(() => {});
  }
}
