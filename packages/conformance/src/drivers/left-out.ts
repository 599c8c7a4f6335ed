import type { Answer } from "../session.ts";

/**
 * An answer without the fields that are left out, and without members that have nothing in them.
 *
 * @param paths such as `events` or `bos[].kref`: `[]` steps into each element of an array; `events[tlb]` is the elements
 * that begin with, or are, `tlb`, or have it as a key
 */
export function compared(answer: Answer, paths: readonly string[]): Answer {
  const out = structuredClone(answer);
  for (const path of paths) take(out, path);
  for (const [key, value] of Object.entries(out)) if (isEmpty(value)) delete out[key];
  return out;
}

/** Takes a field out of an answer. @returns what was taken, the elements one by one where it is an array */
export function take(answer: Answer, path: string): unknown[] {
  return drop(answer, path.split(/\.|(?=\[)/));
}

function drop(value: unknown, [step, ...rest]: readonly string[]): unknown[] {
  if (typeof value !== "object" || value === null || step === undefined) return [];
  if (step === "[]") return (value as unknown[]).flatMap((element) => drop(element, rest));
  if (rest.length > 0 && rest[0] !== "[]" && rest[0]?.startsWith("["))
    return tagged(value as Answer, step, rest[0].slice(1, -1));
  if (rest.length > 0) return drop((value as Answer)[step], rest);
  const taken = (value as Answer)[step];
  delete (value as Answer)[step];
  if (taken === undefined) return [];
  return Array.isArray(taken) ? taken : [taken];
}

function tagged(value: Answer, step: string, tag: string): unknown[] {
  const list = value[step];
  if (!Array.isArray(list)) return [];
  const isIt = (element: unknown) => tagOf(element) === tag;
  value[step] = list.filter((element) => !isIt(element));
  return list.filter(isIt);
}

function tagOf(element: unknown): unknown {
  if (Array.isArray(element)) return element[0];
  return typeof element === "object" && element !== null ? Object.keys(element)[0] : element;
}

function isEmpty(value: unknown): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}
