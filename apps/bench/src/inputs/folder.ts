import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "@gpuvm/drm-model";
import { SNIFF_CHARS, sniff } from "@gpuvm/trace";
import { STDIN } from "./input-bytes.ts";

/** Files that were given, with folders opened, and what of the folders is in no known format. */
export interface Opened {
  readonly files: readonly string[];
  readonly others: readonly string[];
}

/**
 * Opens folders, such as the one that RADV writes after a hang: the files in them that are of a known format. What is given
 * by its own name stays, whatever it is. Compressed files are taken: what they are is told when they are read.
 *
 * @throws UsageError if there is none in a folder
 */
export function openFolders(paths: readonly string[]): Opened {
  const files: string[] = [];
  const others: string[] = [];
  for (const path of paths) {
    const isFolder = path !== STDIN && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
    if (!isFolder) {
      files.push(path);
      continue;
    }
    const inside = readdirSync(path, { withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(path, entry.name))
      .sort();
    const known = inside.filter(isKnown);
    if (known.length === 0) throw new UsageError(`${path}: no file in this folder is of a known format`);
    files.push(...known);
    others.push(...inside.filter((file) => !known.includes(file)));
  }
  return { files, others };
}

function isKnown(file: string): boolean {
  const head = Buffer.alloc(SNIFF_CHARS);
  const fd = openSync(file, "r");
  try {
    const bytes = head.subarray(0, readSync(fd, head));
    return (bytes[0] === 0x1f && bytes[1] === 0x8b) || sniff(bytes.toString()) !== undefined;
  } finally {
    closeSync(fd);
  }
}
