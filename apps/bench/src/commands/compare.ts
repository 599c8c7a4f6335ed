import { visibleLine } from "@gpuvm/drm-model";
import { type ComparisonOfResults, compareResults, type Difference } from "@gpuvm/results";
import { EXIT } from "../cli/context.ts";
import { fitted, leftOut } from "../format/fitted.ts";
import { markdownTable } from "../format/table.ts";
import { folded } from "../format/wrapped.ts";
import { readResults } from "../inputs/read-results.ts";

/** The arguments of `compare`. */
export interface CompareArgs {
  /** The result file to compare with. */
  readonly before: string;
  /** The result file that is compared. */
  readonly after: string;
  /** Share below which a difference does not count: 0.05 is 5 %. */
  readonly threshold: number;
  /** Answer 3 if something got worse. */
  readonly failOnRegression: boolean;
  /** Every figure, not only those that differ. */
  readonly all: boolean;
  /** What is printed. */
  readonly format: "table" | "json" | "markdown";
  /** Columns of the terminal; default 100. */
  readonly width?: number;
}

/**
 * Compares two result files.
 *
 * @returns 0, or 3 if asked to fail and something got worse
 */
export async function runCompare(args: CompareArgs, print: (text: string) => void): Promise<number> {
  const before = await readResults(args.before);
  const result = compareResults(before, await readResults(args.after), args.threshold);
  print(args.format === "json" ? `${JSON.stringify(result, null, 2)}\n` : compareText(result, args));
  const worse = result.differences.some((d) => d.verdict === "worse");
  return args.failOnRegression && worse ? EXIT.regression : EXIT.ok;
}

/** A comparison as a table for people. */
export function compareText(
  result: ComparisonOfResults,
  args: Omit<CompareArgs, "failOnRegression">,
): string {
  const worse = result.differences.filter((d) => d.verdict === "worse").length;
  const shown = args.all ? result.differences : result.differences.filter((d) => d.verdict !== "same");
  const { width = 100 } = args;
  const lines =
    shown.length === 0
      ? ["no difference is shown"]
      : args.format === "markdown"
        ? [
            markdownTable(
              HEAD,
              shown.map((d) => [`${d.trace} ${d.subject} ${d.metric}`, ...cells(d)]),
            ),
          ]
        : grouped(shown, width);
  if (result.timeGeomean !== null)
    lines.push("", `geometric mean of the time ratios: ${result.timeGeomean.toFixed(3)}`);
  for (const key of result.onlyBefore) lines.push(`only in ${args.before}: ${key}`);
  for (const key of result.onlyAfter) lines.push(`only in ${args.after}: ${key}`);
  if (result.samplesWanted !== null)
    lines.push(
      `so few samples cannot show a difference in time among so many replays: take --samples ${result.samplesWanted} on both sides`,
    );
  const better = result.differences.filter((d) => d.verdict === "better").length;
  lines.push(
    `${worse} worse, ${better} better, of ${result.differences.length} figures (threshold ${args.threshold * 100} %)`,
  );
  const text = `${lines.join("\n")}\n`;
  return args.format === "markdown" ? text : folded(text, width);
}

const HEAD = ["", "before", "after", "ratio", "p", "verdict"];

function cells(d: Difference): string[] {
  return [figure(d.before), figure(d.after), ratio(d), p(d), d.verdict];
}

/** One table, in which the figures of each replay stand below its name. */
function grouped(shown: readonly Difference[], width: number): string[] {
  const rows = shown.map((d) => [`  ${d.metric}`, ...cells(d)]);
  const table = fitted(HEAD, rows, width, ["p", "before"]);
  const [head = "", ...lines] = table.table.split("\n");
  const of = (d: Difference | undefined) => (d === undefined ? "" : visibleLine(`${d.trace} ${d.subject}`));
  const named = lines.flatMap((line, i) =>
    of(shown[i]) === of(shown[i - 1]) ? [line] : [of(shown[i]), line],
  );
  return [head, ...named, ...leftOut(table, width)];
}

function figure(n: number): string {
  return Number.isInteger(n) ? n.toLocaleString("en-US") : n.toFixed(3);
}

function ratio(d: Difference): string {
  if (d.verdict === "same" && !d.counted) return "~";
  return d.ratio === null ? (d.after === 0 ? "=" : "new") : d.ratio.toFixed(3);
}

function p(d: Difference): string {
  if (d.counted) return "exact";
  return d.p === null ? "too few samples" : `p=${d.p.toFixed(3)}`;
}
