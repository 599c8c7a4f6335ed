import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { type ByteSource, headOf, isGzip, iterate, UNNAMED } from "../inflate.ts";

/** A file by its path, or chunks. */
export type FileSource = string | URL | ByteSource;

/** Large chunks: each costs a turn of the event loop. */
const CHUNK_BYTES = 256 * 1024;

function isPath(source: FileSource): source is string | URL {
  return typeof source === "string" || source instanceof URL;
}

/** What to call a source in messages when the caller gives no name. */
export function sourceName(source: FileSource): string {
  if (!isPath(source)) return UNNAMED;
  return source instanceof URL ? source.pathname : source;
}

/** The bytes of a file, or chunks, decompressed by zlib when they are gzip, also of several members. */
export async function* plainBytes(source: FileSource): AsyncGenerator<Uint8Array, void, undefined> {
  const chunks = isPath(source) ? createReadStream(source, { highWaterMark: CHUNK_BYTES }) : source;
  const { first, all } = await headOf(iterate(chunks));
  if (!isGzip(first)) {
    yield* all;
    return;
  }
  try {
    const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
    // An error reaches the loop below through `gunzip`, which the pipeline destroys with it.
    pipeline(Readable.from(all), gunzip).catch(() => {});
    yield* gunzip as AsyncIterable<Uint8Array>;
  } finally {
    await all.return();
  }
}
