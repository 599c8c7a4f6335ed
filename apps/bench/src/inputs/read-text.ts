import { statSync } from "node:fs";
import { UsageError } from "@gpuvm/drm-model";
import { systemReason } from "@gpuvm/trace";
import { interruptSignal, wasInterrupted } from "../cli/interrupt.ts";
import { inputBytes, STDIN } from "./input-bytes.ts";

/** Files that are held as a whole have at most so many bytes: result files, tables of costs. */
const MAX_MIB = 128;

/**
 * The text of a file that is held as a whole; `-` is standard input. A device without an end is refused as a large file is.
 *
 * @throws UsageError if it can't be read, or is too large; `hint` says what to do
 */
export async function readText(path: string, hint: string): Promise<string> {
  const name = path === STDIN ? "standard input" : path;
  if (path !== STDIN && statSync(path, { throwIfNoEntry: false })?.isDirectory() === true)
    throw new UsageError(`${name}: is a folder; ${hint}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of inputBytes(path, interruptSignal())) {
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes > MAX_MIB * 2 ** 20) break;
    }
  } catch (error) {
    if (wasInterrupted()) throw error;
    throw new UsageError(`${name}: can't be read: ${systemReason(error, "read")}; ${hint}`);
  }
  if (bytes > MAX_MIB * 2 ** 20)
    throw new UsageError(`${name}: has more than ${MAX_MIB} MiB, which no file of this kind needs; ${hint}`);
  return Buffer.concat(chunks).toString();
}
