import { type GeneratedResult, joinGenerated } from "@gpuvm/scenarios";
import { EXIT } from "../cli/context.ts";
import { partFields } from "../run/part-file.ts";
import { joinParts, type Part } from "../run/parts.ts";
import type { Shard } from "../run/plan.ts";

/** What `explore --json` writes of one scenario. */
export interface ExploredJson {
  readonly name: string;
  readonly unreached: readonly string[];
  readonly counterexamples: readonly unknown[];
  /** It was not explored: with the budgets that it was given the driver refuses its setup, so. */
  readonly refused?: string;
}

/** Scenarios, or what generated scenarios come to, as the lines of a file; a part says of what. */
export function exploredText(
  items: readonly ExploredJson[] | GeneratedResult,
  asked: unknown,
  shard: Shard | undefined,
): string {
  const whole = shard === undefined;
  return `${JSON.stringify(whole ? items : partFields("explore", asked, shard, [items].flat()), null, 2)}\n`;
}

/** Whether scenarios are as they should be. */
export function verdictOf(items: readonly ExploredJson[]): number {
  const fine = items.every(
    ({ counterexamples, unreached }) => counterexamples.length + unreached.length === 0,
  );
  return fine ? EXIT.ok : EXIT.violated;
}

/** Whether generated scenarios are as they should be, and reach anything. */
export function verdictOfGenerated({ covered: { raced, answers }, causes }: GeneratedResult): number {
  const vacuous = raced.length === 0 || !answers.some((answer) => answer.endsWith(" done"));
  return causes.length > 0 || vacuous ? EXIT.violated : EXIT.ok;
}

/** The parts of an exploration as one machine writes it, and what it comes to. */
export function joinExplored(parts: readonly Part<ExploredJson | GeneratedResult>[]): {
  text: string;
  code: number;
} {
  const items = joinParts(parts);
  const [first] = items;
  if (first !== undefined && "causes" in first) {
    const result = joinGenerated(items as GeneratedResult[]);
    return { text: exploredText(result, null, undefined), code: verdictOfGenerated(result) };
  }
  const explored = items as ExploredJson[];
  return { text: exploredText(explored, null, undefined), code: verdictOf(explored) };
}
