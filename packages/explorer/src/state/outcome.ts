import type { World } from "../engine/world.ts";
import type { Fingerprint } from "./fingerprint.ts";

/** Results and final state in one word. */
export function outcomeOf(world: World, print: Fingerprint): string {
  const { a, b } = print.take(world, false);
  return `${resultsOf(world)} ${a}:${b}`;
}

/** What each actor's calls returned, in words. */
export function resultsOf(world: World): string {
  return world.returned
    .map(
      (results, i) =>
        `${world.slots[i]?.name}: ${results.map((r) => (typeof r === "number" ? r : "-")).join(", ")}`,
    )
    .join("; ");
}
