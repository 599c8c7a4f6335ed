import { basename, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Failure,
  type ReplayResult,
  replayFile,
  shippedVectors,
  VectorError,
} from "@gpuvm/conformance/node";
import { count } from "@gpuvm/results/units";
import { ANSWERS } from "../answers.ts";
import { Progress } from "../cli/progress.ts";
import { say as toStderr } from "../cli/say.ts";

/** What `gpuvm-bench conformance` was asked for. */
export interface ConformanceArgs {
  /** Files of golden vectors, plain or gzip; none: those that come with the program. */
  readonly files: readonly string[];
  /** Counts as one JSON object instead of a table. */
  readonly json: boolean;
  /** Columns of the terminal; default 100. */
  readonly width?: number;
}

/** Failures shown for each file. */
const SHOWN = 5;

/**
 * Replays golden vectors and says how many requests the model answered otherwise than the kernel. Prints only when
 * every file could be read.
 *
 * @returns the exit code: 0; 1 where an answer differs; 2 where a file can't be read
 */
export async function runConformance(
  args: ConformanceArgs,
  out: (s: string) => void,
  err: (line: string) => void = toStderr,
): Promise<number> {
  const files = args.files.length > 0 ? args.files : shippedFiles();
  const drivers = ANSWERS.map(({ MODEL }) => MODEL);
  const results: ReplayResult[] = [];
  let unreadable = false;
  const progress = new Progress({ total: files.length, unit: "files" });
  for (const [done, file] of files.entries()) {
    progress.show(done, basename(file));
    try {
      results.push(await replayFile(file, { keep: SHOWN, drivers }));
    } catch (error) {
      if (!(error instanceof VectorError)) throw error;
      err(`${error.message}\n`);
      unreadable = true;
    }
  }
  progress.end();
  if (unreadable) return 2;
  out(args.json ? json(results) : text(results, args.width ?? 100));
  return results.some((r) => r.failed > 0) ? 1 : 0;
}

/** The core's vectors, then each driver's. */
export function shippedFiles(): string[] {
  const ofDrivers = ANSWERS.flatMap(({ VECTORS }) => VECTORS.map((url) => fileURLToPath(url)));
  return [...shippedVectors().map(({ path }) => path), ...ofDrivers];
}

type Counts = Pick<ReplayResult, "vectors" | "failed" | "skipped">;

function total(results: readonly ReplayResult[]): Counts {
  const sum = (key: keyof Counts) => results.reduce((n, r) => n + r[key], 0);
  return { vectors: sum("vectors"), failed: sum("failed"), skipped: sum("skipped") };
}

function json(results: readonly ReplayResult[]): string {
  const files = results.map(({ file, vectors, failed, skipped }) => ({ file, vectors, failed, skipped }));
  return `${JSON.stringify({ files, total: total(results) })}\n`;
}

/** Widths of the columns of counts. */
const COUNT = 9;

function text(results: readonly ReplayResult[], width: number): string {
  const names = results.map(({ file }) => nameOf(file));
  const counts = ({ vectors, failed, skipped }: Counts) => [vectors, failed, skipped];
  const longest = Math.max(5, ...names.map((name) => name.length));
  // Where names leave no room for the counts, these stand below them.
  const isBeside = longest + 3 * COUNT <= width;
  const row = (name: string, ...cells: (string | number)[]) => {
    const figures = cells
      .map((cell) => (typeof cell === "number" ? count(cell) : cell).padStart(COUNT))
      .join("");
    return isBeside ? `${name.padEnd(longest)}${figures}\n` : `${name}\n${figures}\n`;
  };
  const rows = results.map(
    (r, i) => row(names[i] ?? "", ...counts(r)) + r.failures.map(failure).join("") + more(r),
  );
  return (
    row("file", "vectors", "failed", "skipped") + rows.join("") + row("total", ...counts(total(results)))
  );
}

/** Files that come with the program are called by their package and their own name, wherever it is installed. */
function nameOf(file: string): string {
  if (!shippedFiles().includes(file)) return file;
  return `${basename(dirname(dirname(file)))}/${basename(file)}`;
}

function failure({ line, request, expected, actual, vmBefore }: Failure): string {
  const lines = [
    `  line ${line}`,
    `    request   ${JSON.stringify(request)}`,
    `    expected  ${JSON.stringify(expected)}`,
    `    actual    ${JSON.stringify(actual)}`,
    `    before    ${vmBefore.join("\n              ")}`,
  ];
  return `${lines.join("\n")}\n`;
}

function more({ failed, failures }: ReplayResult): string {
  return failed > failures.length ? `  ... and ${failed - failures.length} more\n` : "";
}
