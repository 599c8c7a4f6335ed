import type { Results } from "./results.ts";

/** Lists of numbers, one or two deep, as `JSON.stringify` breaks them over lines. */
const NUMBERS = /\[\s+(?:-?[\d.e+-]+,\s+)*-?[\d.e+-]+\s+\]/g;
const PAIRS = /\[\s+(?:\[[^[\]"{}]*\],\s+)*\[[^[\]"{}]*\]\s+\]/g;

/** A result file's text: one figure a line, but a list of numbers on one. */
export function resultsText(results: Results): string {
  const tight = (list: string) => list.replaceAll(/\s+/g, "");
  return `${JSON.stringify(results, null, 1).replaceAll(NUMBERS, tight).replaceAll(PAIRS, tight)}\n`;
}
