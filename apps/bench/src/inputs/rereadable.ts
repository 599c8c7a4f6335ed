import { closeSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "@gpuvm/drm-model";
import { inputBytes, STDIN } from "./input-bytes.ts";

/** A file that can be read as often as there are policies. */
export interface Rereadable {
  /** Where to read it. */
  readonly path: string;
  /** What the user called it. */
  readonly name: string;
}

const copies = new Map<string, Rereadable>();

/**
 * The file itself, or a copy of what can be read only once: standard input, a FIFO, a terminal. The copy is on disk, in
 * the folder for temporary files, without a name: it is gone when the program is, however that ends.
 *
 * @throws UsageError if the copy can't be written, or the path is a folder
 */
export async function rereadable(path: string, signal?: AbortSignal): Promise<Rereadable> {
  const known = copies.get(path);
  if (known !== undefined) return known;
  const name = path === STDIN ? "standard input" : path;
  if (path !== STDIN) {
    const stat = statSync(path, { throwIfNoEntry: false });
    if (stat?.isDirectory()) throw new UsageError(`${path}: is a folder; give the files in it`);
    if (stat === undefined || stat.isFile()) return { path, name };
  }
  const folder = tempFolder();
  try {
    const copy = join(folder, "input");
    const fd = openSync(copy, "wx+", 0o600);
    for await (const chunk of inputBytes(path, signal)) write(fd, chunk, name);
    if (process.platform !== "linux") {
      process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
      closeSync(fd);
      return keep(path, { path: copy, name });
    }
    // Linux opens a file again by the descriptor of one that has no name any more.
    rmSync(folder, { recursive: true, force: true });
    return keep(path, { path: `/proc/self/fd/${fd}`, name });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

function keep(path: string, copy: Rereadable): Rereadable {
  copies.set(path, copy);
  return copy;
}

function tempFolder(): string {
  try {
    return mkdtempSync(join(tmpdir(), "gpuvm-input-"));
  } catch (error) {
    throw new UsageError(
      `there is no room for a copy of the input: ${(error as Error).message}; give a file`,
    );
  }
}

function write(fd: number, chunk: Uint8Array, name: string): void {
  try {
    for (let at = 0; at < chunk.length; ) at += writeSync(fd, chunk, at);
  } catch (error) {
    const why = (error as Error).message;
    throw new UsageError(
      `${name} can be read only once, and a copy of it can't be written to ${tmpdir()}: ${why}`,
    );
  }
}
