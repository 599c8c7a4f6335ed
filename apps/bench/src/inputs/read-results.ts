import { readFileSync } from "node:fs";
import { UsageError } from "@gpuvm/drm-model";
import { parseResults, type Results } from "@gpuvm/results";

/**
 * Reads a result file.
 *
 * @throws UsageError with the file and what to do, if it is none.
 */
export function readResults(path: string): Results {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    throw new UsageError(
      `${path}: cannot be read; write one with: gpuvm-bench run --format json --out ${path}`,
    );
  }
  return parseResults(text, path);
}
