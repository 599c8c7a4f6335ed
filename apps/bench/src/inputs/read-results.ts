import { parseResults, type Results } from "@gpuvm/results";
import { STDIN } from "./input-bytes.ts";
import { readText } from "./read-text.ts";

/**
 * The text of a result file, or of a part, with what messages call it; `-` is standard input.
 *
 * @throws UsageError if it cannot be read
 */
export async function readNamed(path: string): Promise<{ name: string; text: string }> {
  const text = await readText(path, `write one with: gpuvm-bench run --format json --out FILE`);
  return { name: path === STDIN ? "standard input" : path, text };
}

/**
 * Reads a result file; `-` is standard input.
 *
 * @throws UsageError with the file, the field and what to do, if it is none.
 */
export async function readResults(path: string): Promise<Results> {
  const { name, text } = await readNamed(path);
  return parseResults(text, name);
}
