import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { Transform } from "node:stream";
import { finished, pipeline } from "node:stream/promises";
import { createGzip, gzipSync } from "node:zlib";
import type { Request, TraceHeader } from "@gpuvm/drm-model";
import { encodeEvent } from "../encode-event.ts";
import { encodeHeader } from "../encode-header.ts";
import { type EncodeTraceOptions, encodeTrace as encodePlain } from "../encode-trace.ts";
import { systemReason } from "../system-reason.ts";
import { TraceError } from "../trace-error.ts";
import { OutputFile } from "./output-file.ts";

/** Options of the writers. */
export interface WriteTraceOptions extends EncodeTraceOptions {
  /** Compress. By default when the path ends in `.gz`; never by default in memory. */
  readonly gzip?: boolean;
}

const GZIP_LEVEL = 9;
const OS_BYTE = 9;
const OS_UNIX = 3;

/** zlib writes the platform into the header; the same trace shall give the same bytes everywhere. */
function withoutPlatform(first: Uint8Array): Uint8Array {
  first[OS_BYTE] = OS_UNIX;
  return first;
}

/**
 * A whole trace as bytes. The same trace gives the same bytes, compressed or not.
 *
 * @example
 * ```ts
 * import { encodeTrace, readTraceSync } from "@gpuvm/trace/node";
 * const header = { format: "gpu-bo-trace", version: 1, driver: "msm" } as const;
 * const bytes = encodeTrace(header, [{ t: 0, f: 0, op: "close" }], { gzip: true });
 * readTraceSync(bytes).requests.length; // 1
 * ```
 */
export function encodeTrace(
  header: TraceHeader,
  requests: readonly Request[],
  options: WriteTraceOptions = {},
): Uint8Array {
  const bytes = encodePlain(header, requests, options);
  return options.gzip === true ? withoutPlatform(gzipSync(bytes, { level: GZIP_LEVEL })) : bytes;
}

/**
 * Writes a trace file in pieces, in memory that doesn't grow with it. The file appears under its name when it is
 * complete, with {@link TraceWriter.close}; see {@link OutputFile}.
 */
export class TraceWriter {
  readonly #path: string;
  readonly #file: OutputFile;
  readonly #files: boolean;
  readonly #input: Transform;
  readonly #done: Promise<void>;

  constructor(path: string, header: TraceHeader, options: WriteTraceOptions = {}) {
    this.#path = path;
    this.#file = open(path);
    this.#files = options.files ?? true;
    const gzip = options.gzip ?? path.endsWith(".gz");
    this.#input = gzip ? createGzip({ level: GZIP_LEVEL }) : passThrough();
    const out = createWriteStream(path, { fd: this.#file.fd, autoClose: false });
    this.#done = gzip ? pipeline(this.#input, patchFirst(), out) : pipeline(this.#input, out);
    // Reported by write and close; until then it must not count as unhandled.
    this.#done.catch(() => {});
    this.#input.write(`${encodeHeader(header)}\n`);
  }

  /**
   * Appends events.
   *
   * @throws TraceError when the file can't be written.
   */
  async write(requests: readonly Request[]): Promise<void> {
    if (requests.length === 0) return;
    let text = "";
    for (const r of requests) text += `${encodeEvent(r, this.#files)}\n`;
    if (this.#input.destroyed) await this.#fail();
    if (!this.#input.write(text))
      await Promise.race([once(this.#input, "drain"), this.#done]).catch(() => this.#fail());
  }

  /**
   * Finishes the file and gives it its name.
   *
   * @throws TraceError when the file can't be written.
   */
  async close(): Promise<void> {
    this.#input.end();
    try {
      await this.#done;
      this.#file.commit();
    } catch (error) {
      await this.#fail(error);
    }
  }

  /** Gives up: nothing is left of the file. */
  async abort(): Promise<void> {
    this.#input.destroy();
    await finished(this.#input).catch(() => {});
    await this.#done.catch(() => {});
    this.#file.abort();
  }

  async #fail(last?: unknown): Promise<never> {
    let cause = last;
    await this.#done.catch((error: unknown) => {
      cause = error;
    });
    this.#file.abort();
    throw unwritable(this.#path, cause);
  }
}

function open(path: string): OutputFile {
  try {
    return new OutputFile(path);
  } catch (cause) {
    throw unwritable(path, cause);
  }
}

function unwritable(file: string, cause: unknown): TraceError {
  const reason = `can't be written: ${systemReason(cause, "write")}`;
  const hint = "check the folder, its permissions and the free space";
  return new TraceError({ file, line: 0, reason, hint }, { cause });
}

function passThrough(): Transform {
  return new Transform({ transform: (chunk, _encoding, done) => done(null, chunk) });
}

function patchFirst(): Transform {
  let first = true;
  return new Transform({
    transform(chunk: Uint8Array, _encoding, done) {
      done(null, first ? withoutPlatform(chunk) : chunk);
      first = false;
    },
  });
}

/**
 * Writes a whole trace to a file, batch by batch. On failure nothing is left of it.
 *
 * @throws TraceError when the file can't be written, or what `batches` throws.
 */
export async function writeTrace(
  path: string,
  header: TraceHeader,
  batches: AsyncIterable<readonly Request[]> | Iterable<readonly Request[]>,
  options: WriteTraceOptions = {},
): Promise<void> {
  const writer = new TraceWriter(path, header, options);
  try {
    for await (const batch of batches) await writer.write(batch);
  } catch (error) {
    await writer.abort();
    throw error;
  }
  await writer.close();
}
