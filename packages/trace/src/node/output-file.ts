import { randomBytes } from "node:crypto";
import {
  accessSync,
  chmodSync,
  chownSync,
  closeSync,
  constants,
  openSync,
  readlinkSync,
  realpathSync,
  renameSync,
  rmSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";

/**
 * A file that appears under its name when it is complete, or not at all. What is no regular file (a device, a FIFO) is
 * written through, and never removed or replaced; a symbolic link stays, and what it leads to is written; mode and owner
 * of what was there are kept. Until then the text is in a draft of its own beside it, which nobody else can have made.
 *
 * # Invariants
 * No draft outlives the process, unless it is killed by SIGKILL.
 */
export class OutputFile {
  /** The open file: what is written goes there. */
  readonly fd: number;
  readonly #target: string;
  /** Null: written through. */
  readonly #draft: string | null;
  #open = true;

  /**
   * Begins a file.
   *
   * @throws Error with a `code` of the system, if nothing can be written there
   */
  constructor(path: string) {
    this.#target = targetOf(path);
    const there = statSync(this.#target, { throwIfNoEntry: false });
    if (there !== undefined && !there.isFile()) {
      this.#draft = null;
      // Of a FIFO without a reader, opening waits until there is one, as a shell's redirection does.
      this.fd = openSync(this.#target, "w");
      return;
    }
    if (there !== undefined) accessSync(this.#target, constants.W_OK);
    this.#draft = join(dirname(this.#target), `.gpuvm-${randomBytes(9).toString("hex")}.tmp`);
    this.fd = openSync(this.#draft, "wx", there === undefined ? 0o666 : there.mode & 0o7777);
    removeAtExit(this.#draft);
    if (there !== undefined) this.#keep(there, this.#draft);
  }

  /** Appends. @throws Error with a `code` of the system */
  write(piece: string | Uint8Array): void {
    let bytes = typeof piece === "string" ? Buffer.from(piece) : piece;
    while (bytes.length > 0) bytes = bytes.subarray(writeSync(this.fd, bytes));
  }

  /** The file is complete, and gets its name. @throws Error with a `code` of the system */
  commit(): void {
    this.#close();
    if (this.#draft === null) return;
    renameSync(this.#draft, this.#target);
    forget(this.#draft);
  }

  /** Leaves what was there as it was, and nothing else. */
  abort(): void {
    try {
      this.#close();
    } catch {
      // The file is given up: what the last bytes came to does not matter.
    }
    if (this.#draft === null) return;
    rmSync(this.#draft, { force: true });
    forget(this.#draft);
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    closeSync(this.fd);
  }

  #keep({ mode, uid, gid }: Stats, draft: string): void {
    try {
      chownSync(draft, uid, gid);
    } catch {
      // Only root can give a file away; everybody else's new file is their own.
    }
    chmodSync(draft, mode & 0o7777);
  }
}

/**
 * Writes a file whole or not at all, as {@link OutputFile} does.
 *
 * @throws Error with a `code` of the system; nothing is left then
 */
export function writeOutput(path: string, text: string | Uint8Array): void {
  const file = new OutputFile(path);
  try {
    file.write(text);
    file.commit();
  } catch (error) {
    file.abort();
    throw error;
  }
}

/** What has to be removed when the process ends before its files are complete. */
const drafts = new Set<string>();

function removeAtExit(draft: string): void {
  if (drafts.size === 0) process.once("exit", removeDrafts);
  drafts.add(draft);
}

function forget(draft: string): void {
  drafts.delete(draft);
  if (drafts.size === 0) process.off("exit", removeDrafts);
}

function removeDrafts(): void {
  for (const draft of drafts) rmSync(draft, { force: true });
}

/** Where a path leads to: through symbolic links, to a file that is or could be there. */
function targetOf(path: string): string {
  try {
    return realpathSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
  try {
    // A link that leads to nothing yet.
    return targetOf(resolve(dirname(path), readlinkSync(path)));
  } catch (error) {
    if (!["ENOENT", "EINVAL"].includes((error as NodeJS.ErrnoException).code ?? "")) throw error;
    return path;
  }
}
