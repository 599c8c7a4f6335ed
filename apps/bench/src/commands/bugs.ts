import { unknownName } from "@gpuvm/drm-model";
import { count } from "@gpuvm/results/units";
import { BUGS, type BugResult, RULES, type RuleResult, UNEXPRESSED } from "@gpuvm/scenarios";
import { EXIT } from "../cli/context.ts";
import { InPlacePool } from "../explore/in-place-pool.ts";
import { fitted, leftOut } from "../format/fitted.ts";
import { wrapped } from "../format/wrapped.ts";
import type { Shard } from "../run/plan.ts";
import { bugsText } from "./bugs-part.ts";

/** The arguments of `bugs`. */
export interface BugsArgs {
  /** Numbers of the catalogue; none: all. */
  readonly ids: readonly string[];
  /** Bugs searched at once, each by a thread of its own; default 1. */
  readonly workers?: number;
  /** Results as JSON. */
  readonly json?: boolean;
  /** Columns of the terminal; default 100. */
  readonly width?: number;
  /** Told how many of how many are done. */
  readonly progress?: (done: number, total: number, what: string) => void;
  /** Only every n-th bug: `i/n`, i from 1. */
  readonly shard?: Shard;
}

/**
 * Searches each bug of the catalogue in its buggy and in its fixed form.
 *
 * @returns 0; 1 if a bug was not found, or something was found in a fixed form
 */
export async function runBugs(args: BugsArgs, out: (text: string) => void): Promise<number> {
  const known = [
    ...BUGS.map((bug) => bug.id),
    ...RULES.map((rule) => rule.id),
    ...UNEXPRESSED.map((u) => u.id),
  ];
  for (const id of args.ids) {
    if (!known.includes(id)) throw unknownName("bug", id, known);
  }
  const wanted = (id: string) => args.ids.length === 0 || args.ids.includes(id);
  const chosen = BUGS.filter((bug) => wanted(bug.id));
  const { shard } = args;
  const mine = (i: number) => shard === undefined || i % shard.of === shard.index - 1;
  const bugs = chosen.filter((_, i) => mine(i));
  const pool = await InPlacePool.start(args.workers ?? 1, false);
  const results: BugResult[] = [];
  const rules: RuleResult[] = [];
  try {
    const asked = RULES.filter((rule) => wanted(rule.id)).filter((_, i) => mine(chosen.length + i));
    let done = 0;
    const told = async <T>(id: string, result: Promise<T>): Promise<T> => {
      args.progress?.(done, bugs.length + asked.length, id);
      const value = await result;
      args.progress?.(++done, bugs.length + asked.length, id);
      return value;
    };
    results.push(...(await Promise.all(bugs.map(({ id }) => told(id, pool.run({ kind: "bug", id }))))));
    rules.push(...(await Promise.all(asked.map(({ id }) => told(id, pool.run({ kind: "rule", id }))))));
  } finally {
    await pool.end();
  }
  const missing = UNEXPRESSED.filter(({ id }) => wanted(id));
  if (args.json === true) out(bugsText([...results, ...rules.map(asEntry)], args.ids, shard));
  else out(text(results, rules, missing, args.width ?? 100));
  const fine = results.every((r) => r.found && r.fixedClean) && rules.every((r) => r.asExpected);
  return fine ? EXIT.ok : EXIT.violated;
}

/** A rule among the bugs: it is found if each of its forms shows what it must, and only that. */
function asEntry({ id, title, rows, asExpected }: RuleResult): unknown {
  const states = rows.reduce((sum, row) => sum + row.states, 0);
  return { id, title, found: asExpected, method: "dfs", states, fixedClean: asExpected, rule: rows };
}

function text(
  results: readonly BugResult[],
  rules: readonly RuleResult[],
  missing: readonly { readonly id: string; readonly title: string; readonly reason: string }[],
  width: number,
): string {
  const lines: string[] = [];
  if (results.length > 0) {
    const head = ["bug", "driver", "found", "by", "steps", "states", "fixed form"];
    const rows = results.map((r) => [
      r.id,
      r.driver,
      r.found ? (r.violation?.split(":", 1)[0] ?? "") : "NOT FOUND",
      r.method,
      String(r.steps),
      String(r.states),
      r.fixedClean ? `clean, ${r.fixedStates} states` : `NOT CLEAN: ${r.fixedBound ?? r.fixedFindings[0]}`,
    ]);
    const table = fitted(head, rows, width, ["by", "states", "steps"]);
    lines.push(table.table, ...leftOut(table, width), "");
    for (const { id, title, upstream } of results)
      lines.push(wrapped(`${id.padEnd(5)}${title}; ${upstream}`, width, "      "));
    lines.push("");
    const found = results.filter((r) => r.found).length;
    const clean = results.filter((r) => r.fixedClean).length;
    lines.push(
      wrapped(
        `${found} of ${results.length} found; ${clean} fixed form${clean === 1 ? "" : "s"} explored to the end without a finding`,
        width,
      ),
    );
  }
  for (const rule of rules) {
    lines.push("", wrapped(`${rule.id}: ${rule.title}`, width, "     "));
    for (const { rule: form, outcome, states } of rule.rows)
      lines.push(wrapped(`  ${form}: ${outcome}, ${count(states)} states`, width, "      "));
  }
  if (missing.length > 0) lines.push("", "not expressed:");
  for (const { id, title, reason } of missing)
    lines.push(wrapped(`  ${id} ${title}: ${reason}`, width, "      "));
  return `${lines.join("\n")}\n`;
}
