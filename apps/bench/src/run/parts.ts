import { UsageError } from "@gpuvm/drm-model";
import type { Shard } from "./plan.ts";

/** One part of what was split with `--shard`: of a list, every n-th. */
export interface Part<T> {
  /** What it is called in messages: its file. */
  readonly name: string;
  /** What was asked for, in one word: parts of two questions do not go together. */
  readonly asked: string;
  readonly shard: Shard;
  readonly items: readonly T[];
}

/**
 * The list that was split, in its order.
 *
 * @throws UsageError if a part is missing, given twice, or of something else
 */
export function joinParts<T>(parts: readonly Part<T>[]): T[] {
  const [first] = parts;
  if (first === undefined) throw new UsageError("there is nothing to merge");
  const { of } = first.shard;
  const byIndex = new Map<number, Part<T>>();
  for (const part of parts) {
    if (part.asked !== first.asked)
      throw new UsageError(
        `${part.name} is a part of ${part.asked}, ${first.name} of ${first.asked}: they do not go together`,
      );
    if (part.shard.of !== of)
      throw new UsageError(
        `${part.name} is one of ${part.shard.of} parts, ${first.name} one of ${of}: they do not go together`,
      );
    const twin = byIndex.get(part.shard.index);
    if (twin !== undefined)
      throw new UsageError(`${part.name} and ${twin.name} are both part ${part.shard.index} of ${of}`);
    byIndex.set(part.shard.index, part);
  }
  for (let index = 1; index <= of; index++)
    if (!byIndex.has(index))
      throw new UsageError(`part ${index} of ${of} is missing: make it with --shard ${index}/${of}`);
  const total = parts.reduce((sum, { items }) => sum + items.length, 0);
  return Array.from({ length: total }, (_, i) => {
    const part = byIndex.get((i % of) + 1) as Part<T>;
    const place = Math.floor(i / of);
    if (place >= part.items.length) throw new UsageError(`${part.name} is not whole: make it again`);
    return part.items[place] as T;
  });
}
