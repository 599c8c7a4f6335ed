import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { createGunzip } from "node:zlib";
import { type ReplayOptions, type ReplayResult, replayVectors } from "../replay.ts";

/**
 * Replays a file of golden vectors, plain or gzip, by its path or its bytes, and compares every answer in full: steps, return
 * values, counts, lists, warnings.
 *
 * @throws VectorError for the first line that can't be read or asks for something unknown.
 *
 * @example
 * ```ts
 * import { replayFile, shippedVectors } from "@gpuvm/conformance/node";
 * const { vectors, failed } = await replayFile(shippedVectors().find((v) => v.suite === "doc-cases")!.path);
 * console.assert(vectors > 0 && failed === 0);
 * ```
 */
export function replayFile(
  source: string | URL | Uint8Array,
  options: ReplayOptions = {},
): Promise<ReplayResult> {
  return replayVectors(plainBytes(source), { ...options, file: options.file ?? nameOf(source) });
}

function nameOf(source: string | URL | Uint8Array): string {
  if (source instanceof Uint8Array) return "<input>";
  return typeof source === "string" ? source : fileURLToPath(source);
}

async function* plainBytes(source: string | URL | Uint8Array): AsyncGenerator<Uint8Array> {
  const raw = source instanceof Uint8Array ? Readable.from([source]) : createReadStream(source);
  const chunks = raw[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  const head = await chunks.next();
  if (head.done) return;
  const all = Readable.from(chain(head.value, chunks));
  if (head.value[0] !== 0x1f || head.value[1] !== 0x8b) yield* all;
  else {
    const plain = createGunzip();
    all.on("error", (error) => plain.destroy(error));
    yield* all.pipe(plain);
  }
}

async function* chain(head: Uint8Array, rest: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  yield head;
  for (let next = await rest.next(); !next.done; next = await rest.next()) yield next.value;
}
