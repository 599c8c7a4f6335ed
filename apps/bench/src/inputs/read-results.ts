import { parseResults, type Results } from "@gpuvm/results";
import { STDIN } from "./input-bytes.ts";
import { readText } from "./read-text.ts";

/**
 * Reads a result file; `-` is standard input.
 *
 * @throws UsageError with the file, the field and what to do, if it is none.
 */
export async function readResults(path: string): Promise<Results> {
  const text = await readText(path, `write one with: gpuvm-bench run --format json --out FILE`);
  return parseResults(text, path === STDIN ? "standard input" : path);
}
