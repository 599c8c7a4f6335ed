import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { VectorError } from "./vector-error.ts";

/** Lines that follow each other. */
export interface LineBlock {
  /** Number of the first, from 1. */
  readonly first: number;
  /** Their texts. */
  readonly lines: readonly string[];
}

/** The lines of a file, plain or gzip, as they come. An error says behind which line it happened. */
export async function* vectorLines(
  source: string | URL | Uint8Array,
  file: string,
): AsyncGenerator<LineBlock> {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let first = 1;
  let rest = "";
  try {
    for await (const bytes of plainBytes(source)) {
      const lines = (rest + utf8.decode(bytes, { stream: true })).split("\n");
      rest = lines.pop() as string;
      if (lines.length > 0) yield { first, lines };
      first += lines.length;
    }
    rest += utf8.decode();
  } catch (cause) {
    throw new VectorError(file, first === 1 ? 0 : first, problem(cause), { cause });
  }
  if (rest !== "") yield { first, lines: [rest] };
}

function problem(cause: unknown): string {
  const { code, message } = cause as { code?: string; message: string };
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "this is a folder";
  if (code === "ERR_ENCODING_INVALID_ENCODED_DATA") return "not UTF-8";
  if (code?.startsWith("Z_")) return `damaged gzip data (${message})`;
  return message;
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
