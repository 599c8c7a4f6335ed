import type { Mutant } from "./operators.ts";

/** What was done, the text that is there exactly once, and what stands in its place. */
export type Line = readonly [what: string, find: string, replace: string];

/** Mistakes in one file, which is named from `packages/` on; in the table of the core from its `src/` on. */
export function inFile(file: string, lines: readonly Line[]): Mutant[] {
  return lines.map(([what, find, replace]) => ({ file, what, find, replace }));
}
