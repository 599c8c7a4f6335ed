import type { Answer } from "../session.ts";

/**
 * An answer without the fields that are left out, and without members that have nothing in them.
 *
 * @param paths such as `events` or `bos[].kref`: `[]` steps into each element of an array
 */
export function compared(answer: Answer, paths: readonly string[]): Answer {
  const out = structuredClone(answer);
  for (const path of paths) drop(out, path.split(/\.|(?=\[\])/));
  for (const [key, value] of Object.entries(out)) if (isEmpty(value)) delete out[key];
  return out;
}

function drop(value: unknown, [step, ...rest]: readonly string[]): void {
  if (typeof value !== "object" || value === null || step === undefined) return;
  if (step === "[]") for (const element of value as unknown[]) drop(element, rest);
  else if (rest.length > 0) drop((value as Answer)[step], rest);
  else delete (value as Answer)[step];
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
