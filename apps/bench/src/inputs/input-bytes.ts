import { closeSync, constants, createReadStream, openSync, statSync, writeSync } from "node:fs";
import type { Readable } from "node:stream";
import { breathe } from "../cli/interrupt.ts";

/** What a user gives for standard input. */
export const STDIN = "-";

/** Large chunks: each costs a turn of the event loop. */
const CHUNK_BYTES = 256 * 1024;

/**
 * The bytes of a file; `-` is standard input. Signals have a turn between two chunks, and an abort ends the reading at
 * once, whatever the system is still waiting for: a FIFO that nobody writes to, a disk that sleeps.
 */
export async function* inputBytes(
  path: string,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  signal?.throwIfAborted();
  const source: Readable =
    path === STDIN ? process.stdin : createReadStream(path, { highWaterMark: CHUNK_BYTES });
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>;
  try {
    for (;;) {
      const next = await orAbort(chunks.next(), signal);
      if (next.done === true) return;
      await breathe();
      signal?.throwIfAborted();
      yield next.value;
    }
  } finally {
    source.destroy();
    if (signal?.aborted === true && path !== STDIN) wake(path);
  }
}

/**
 * Opening a FIFO waits for a writer, and reading one for what it writes; the process can't end before either is over. So it
 * gets a writer that leaves at once, and a byte that nobody reads.
 */
function wake(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFIFO() !== true) return;
  try {
    const fd = openSync(path, constants.O_WRONLY | constants.O_NONBLOCK);
    writeSync(fd, "\n");
    closeSync(fd);
  } catch {
    // Nobody waits.
  }
}

/**
 * What comes, unless the user has had enough before. Not a race with one promise for all chunks: that would keep every chunk
 * until it is settled.
 */
async function orAbort<T>(coming: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return coming;
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason as Error);
    signal.addEventListener("abort", abort, { once: true });
    coming
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort))
      .catch(() => {});
  });
}
