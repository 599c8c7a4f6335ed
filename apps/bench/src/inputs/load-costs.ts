import { type Cost, parseCosts, THREAD_COSTS } from "@gpuvm/study";
import { readText } from "./read-text.ts";

/**
 * The costs in a file; none: those of the thread.
 *
 * @throws UsageError if the file can't be read, or is no table of costs
 */
export async function loadCosts(file: string | undefined): Promise<readonly Cost[]> {
  if (file === undefined) return THREAD_COSTS;
  return parseCosts(await readText(file, "give a table of costs"), file);
}
