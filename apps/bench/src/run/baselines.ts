import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { UsageError } from "@gpuvm/drm-model";
import type { Results } from "@gpuvm/results";
import { resultsText } from "@gpuvm/results";
import { writeWhole } from "../cli/output.ts";
import { readResults } from "../inputs/read-results.ts";

/** Where the main job puts its results, and baselines are kept. */
export const RESULTS_DIR = "gpuvm-results";
const DIR = join(RESULTS_DIR, "baselines");

/** The file of a baseline. @throws UsageError if it can have no such name */
export function baselinePath(name: string): string {
  if (!/^[\w.-]+$/.test(name) || name.startsWith(".")) {
    throw new UsageError(`"${name}" cannot name a baseline: use letters, digits, - _ and .`);
  }
  return join(DIR, `${name}.json`);
}

/** Keeps results under a name; tells where. */
export function saveBaseline(name: string, results: Results): string {
  const path = baselinePath(name);
  mkdirSync(DIR, { recursive: true });
  writeWhole(path, resultsText(results));
  return path;
}

/** The results kept under a name. @throws UsageError if there are none, with the names there are */
export async function loadBaseline(name: string): Promise<Results> {
  const path = baselinePath(name);
  if (existsSync(path)) return readResults(path);
  const names = existsSync(DIR) ? readdirSync(DIR).map((file) => file.replace(/\.json$/, "")) : [];
  const known = names.length === 0 ? "there is none yet" : `there are: ${names.join(", ")}`;
  throw new UsageError(
    `no baseline "${name}": ${known}; keep one with: gpuvm-bench run --save-baseline ${name}`,
  );
}
