import { readFileSync } from "node:fs";
import { UsageError } from "@gpuvm/drm-model";
import { type Cost, parseCosts, THREAD_COSTS } from "@gpuvm/study";

/**
 * The costs in a file; none: those of the thread.
 *
 * @throws UsageError if the file can't be read, or is no table of costs
 */
export function loadCosts(file: string | undefined): readonly Cost[] {
  if (file === undefined) return THREAD_COSTS;
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`${file}: ${(error as Error).message}`);
  }
  return parseCosts(text, file);
}
