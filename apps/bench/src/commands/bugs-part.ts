import { EXIT } from "../cli/context.ts";
import { partFields } from "../run/part-file.ts";
import { joinParts, type Part } from "../run/parts.ts";
import type { Shard } from "../run/plan.ts";

/** What `bugs --json` writes of a bug, or of a rule, as far as the verdict goes. */
export interface BugJson {
  readonly found: boolean;
  readonly fixedClean: boolean;
}

/** Bugs and rules as the lines of a file; a part says of what. */
export function bugsText(items: readonly unknown[], asked: unknown, shard?: Shard): string {
  return `${JSON.stringify(shard === undefined ? items : partFields("bugs", asked, shard, items), null, 2)}\n`;
}

/** The parts of the catalogue as one machine writes it, and what it comes to. */
export function joinBugs(parts: readonly Part<BugJson>[]): { text: string; code: number } {
  const items = joinParts(parts);
  const fine = items.every(({ found, fixedClean }) => found && fixedClean);
  return { text: bugsText(items, null), code: fine ? EXIT.ok : EXIT.violated };
}
