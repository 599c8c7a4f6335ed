import { UsageError } from "@gpuvm/drm-model";
import type { Part } from "./parts.ts";
import type { Shard } from "./plan.ts";

/** The version of what is in a part's file. */
const VERSION = 1;

/** The command whose parts a file holds. */
export type PartOf = "explore" | "bugs";

const markOf = (command: PartOf): string => `gpuvm-${command}-part`;

/** What is written of a part: it says of what, and which it is. */
export function partFields(
  command: PartOf,
  asked: unknown,
  shard: Shard,
  items: readonly unknown[],
): Record<string, unknown> {
  return { [markOf(command)]: VERSION, asked, shard, items };
}

/** The part that a file holds; null: it holds something else. @throws UsageError for one of another version */
export function partOf<T>(command: PartOf, name: string, text: string): Part<T> | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const mark = markOf(command);
  if (typeof value !== "object" || value === null || !(mark in value)) return null;
  const { asked, shard, items, [mark]: version } = value as Record<string, unknown>;
  const { index, of } = (shard ?? {}) as Partial<Shard>;
  const fits = Number.isInteger(index) && Number.isInteger(of) && Array.isArray(items);
  if (version !== VERSION || !fits)
    throw new UsageError(
      `${name}: no part of this version; make it again with: gpuvm-bench ${command} --shard I/N --json`,
    );
  return {
    name,
    asked: JSON.stringify(asked),
    shard: { index: index as number, of: of as number },
    items: items as T[],
  };
}
