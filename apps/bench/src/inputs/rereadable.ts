import { closeSync, fstatSync, mkdtempSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "@gpuvm/drm-model";
import { SNIFF_CHARS, sniff } from "@gpuvm/trace";
import { IMPORT_FORMATS } from "@gpuvm/trace/formats";
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
  refuseEndless(path, name);
  const folder = tempFolder();
  const remove = () => rmSync(folder, { recursive: true, force: true });
  process.once("exit", remove);
  const copy = join(folder, "input");
  const fd = openSync(copy, "wx+", 0o600);
  // Linux opens a file again by the descriptor of one that has no name any more: nothing is left of it, whatever happens.
  const nameless = process.platform === "linux";
  if (nameless) remove();
  try {
    let head = Buffer.alloc(0);
    for await (const chunk of inputBytes(path, signal)) {
      // What nobody will understand is not copied for as long as it comes.
      if (head.length < SNIFF_CHARS) {
        head = Buffer.concat([head, chunk]);
        if (head.length >= SNIFF_CHARS) requireKnown(head, name);
      }
      write(fd, chunk, name);
    }
  } catch (error) {
    closeSync(fd);
    remove();
    throw error;
  }
  if (nameless) return keep(path, { path: `/proc/self/fd/${fd}`, name });
  closeSync(fd);
  return keep(path, { path: copy, name });
}

function requireKnown(head: Buffer, name: string): void {
  const gzip = head[0] === 0x1f && head[1] === 0x8b;
  if (gzip || sniff(head.toString("utf8", 0, SNIFF_CHARS)) !== undefined) return;
  throw new UsageError(`${name}: the format is not known; it must be one of ${IMPORT_FORMATS.join(", ")}`);
}

/** A device that is no terminal has no end, as a rule: a copy of it would fill the disk. */
function refuseEndless(path: string, name: string): void {
  const terminal = path === STDIN && process.stdin.isTTY === true;
  const stat = path === STDIN ? fstatSync(0) : statSync(path);
  if (terminal || (!stat.isCharacterDevice() && !stat.isBlockDevice())) return;
  // What is empty has an end.
  if (stat.rdev === statSync("/dev/null", { throwIfNoEntry: false })?.rdev) return;
  throw new UsageError(`${name}: is a device, which may have no end; give a file, or pipe it through head`);
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
