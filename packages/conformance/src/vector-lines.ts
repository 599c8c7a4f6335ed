import { VectorError } from "./vector-error.ts";

/** Where bytes come from: all of them, or chunks, such as a response's body. */
export type ByteSource = Uint8Array | ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>;

/** Lines that follow each other. */
export interface LineBlock {
  /** Number of the first, from 1. */
  readonly first: number;
  /** Their texts. */
  readonly lines: readonly string[];
}

/** The lines of a file, as they come. An error says behind which line it happened. */
export async function* vectorLines(source: ByteSource, file: string): AsyncGenerator<LineBlock> {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let first = 1;
  let rest = "";
  let start = true;
  try {
    for await (const bytes of chunksOf(source)) {
      if (start && bytes[0] === 0x1f && bytes[1] === 0x8b) throw new Error(GZIP);
      start = false;
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

const GZIP = 'gzip data: pipe it through new DecompressionStream("gzip") first';

function problem(cause: unknown): string {
  const { code, message } = cause as { code?: string; message: string };
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "this is a folder";
  if (cause instanceof TypeError && /encod|utf/i.test(message)) return "not UTF-8";
  if (code?.startsWith("Z_")) return `damaged gzip data (${message})`;
  return message;
}

async function* chunksOf(source: ByteSource): AsyncGenerator<Uint8Array> {
  if (source instanceof Uint8Array) {
    yield source;
    return;
  }
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
