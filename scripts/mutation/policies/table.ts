import type { Mutant } from "../operators.ts";

/** What was done, the text that is there, what stands in its place, and which occurrence (from 0). */
export type Line = readonly [what: string, find: string, replace: string, nth?: number];

/** Mistakes in one file, which is named from `packages/` on. */
export function inFile(file: string, lines: readonly Line[]): Mutant[] {
  return lines.map(([what, find, replace, nth]) => ({ file, what, find, replace, nth: nth ?? 0 }));
}
