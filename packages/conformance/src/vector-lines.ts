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

/** A line longer than this is no vector; without a limit a file without newlines would be held as a whole. */
const LINE_CHARS_MAX = 16 * 1024 * 1024;

/** The lines of a file, as they come. An error says behind which line it happened. */
export async function* vectorLines(source: ByteSource, file: string): AsyncGenerator<LineBlock> {
  const utf8 = new TextDecoder("utf-8", { fatal: true });
  let first = 1;
  let rest: string[] = [];
  let restChars = 0;
  let start = true;
  try {
    for await (const bytes of chunksOf(source)) {
      if (start && bytes[0] === 0x1f && bytes[1] === 0x8b) throw new Error(GZIP);
      start = false;
      const lines = utf8.decode(bytes, { stream: true }).split("\n");
      const last = lines.pop() as string;
      if (lines.length > 0) {
        // Joined once a line ends, not at each chunk.
        lines[0] = rest.join("") + lines[0];
        rest = [];
        restChars = 0;
        yield { first, lines };
        first += lines.length;
      }
      rest.push(last);
      restChars += last.length;
      if (restChars > LINE_CHARS_MAX) throw new Error(`the line is longer than ${LINE_CHARS_MAX} characters`);
    }
    rest.push(utf8.decode());
  } catch (cause) {
    throw new VectorError(file, first === 1 ? 0 : first, problem(cause), { cause });
  }
  const end = rest.join("");
  if (end !== "") yield { first, lines: [end] };
}

const GZIP = 'gzip data: pipe it through new DecompressionStream("gzip") first';

function problem(cause: unknown): string {
  const { code, message } = cause as { code?: string; message: string };
  if (code === "ENOENT") return "there is no such file";
  if (code === "EISDIR") return "this is a folder; name the files in it";
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
