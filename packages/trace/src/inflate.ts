/** Bytes of a file, decompressed when they are gzip. */
import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, gunzipSync } from "node:zlib";
import { TraceError } from "./trace-error.ts";

/** Where bytes come from: a path, or chunks. */
export type ByteSource = string | URL | AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/** Large chunks: each costs a turn of the event loop. */
const CHUNK_BYTES = 256 * 1024;

function isGzip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/** What to call a source in messages when the caller gives no name. */
export function sourceName(source: ByteSource): string {
  if (typeof source === "string") return source;
  return source instanceof URL ? source.pathname : "<input>";
}

/** Makes a TraceError of what reading or decompressing threw. `line` is the last one that was complete. */
export function inputError(cause: unknown, file: string, line: number): TraceError {
  if (cause instanceof TraceError) return cause;
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  const message = cause instanceof Error ? cause.message : String(cause);
  if (code === "Z_BUF_ERROR") {
    const hint = "copy the file again; what was read before is good";
    return new TraceError({ file, line, reason: "the gzip data ends early", hint }, { cause });
  }
  if (code.startsWith("Z_")) {
    const hint = "copy the file again, in binary mode";
    return new TraceError({ file, line, reason: `the gzip data is damaged: ${message}`, hint }, { cause });
  }
  if (code === "ERR_BUFFER_TOO_LARGE") {
    const hint = "use readTrace, which needs no more memory for a large file than for a small one";
    return new TraceError({ file, line: 0, reason: "too large to be read at once", hint }, { cause });
  }
  const hint = code === "ENOENT" ? "check the path" : "check the file and its permissions";
  return new TraceError({ file, line: 0, reason: `can't be read: ${message}`, hint }, { cause });
}

/** Chunks of decompressed bytes. */
export async function* inflate(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks =
    typeof source === "string" || source instanceof URL
      ? createReadStream(source, { highWaterMark: CHUNK_BYTES })
      : source;
  const head: Uint8Array[] = [];
  let headBytes = 0;
  const iterator = iterate(chunks);
  try {
    // The two bytes that tell gzip may come in two chunks.
    while (headBytes < 2) {
      const next = await iterator.next();
      if (next.done === true) break;
      head.push(next.value);
      headBytes += next.value.length;
    }
    const first = head.length === 1 ? (head[0] as Uint8Array) : Buffer.concat(head);
    const all = prepend(first, iterator);
    if (!isGzip(first)) {
      yield* all;
      return;
    }
    const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
    // An error reaches the loop below through `gunzip`, which the pipeline destroys with it.
    pipeline(Readable.from(all), gunzip).catch(() => {});
    yield* gunzip as AsyncIterable<Uint8Array>;
  } finally {
    // A caller that stops after the first chunk has not got as far as the source's own loop.
    await iterator.return();
  }
}

async function* iterate(
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield* chunks;
}

async function* prepend(
  first: Uint8Array,
  rest: AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield first;
  yield* rest;
}

/** All bytes, decompressed when they are gzip. */
export function inflateSync(bytes: Uint8Array): Uint8Array {
  return isGzip(bytes) ? gunzipSync(bytes) : bytes;
}
