import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type Failure,
  type ReplayResult,
  replayFile,
  shippedVectors,
  VectorError,
} from "@gpuvm/conformance/node";
import { ANSWERS } from "../answers.ts";
import { Progress } from "../cli/progress.ts";
import { say as toStderr } from "../cli/say.ts";

/** What `gpuvm-bench conformance` was asked for. */
export interface ConformanceArgs {
  /** Files of golden vectors, plain or gzip; none: those that come with the program. */
  readonly files: readonly string[];
  /** Counts as one JSON object instead of a table. */
  readonly json: boolean;
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
  out(args.json ? json(results) : text(results));
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

function text(results: readonly ReplayResult[]): string {
  const width = Math.max(5, ...results.map(({ file }) => file.length));
  const row = (name: string, ...cells: (string | number)[]) =>
    `${name.padEnd(width)}${cells.map((cell) => String(cell).padStart(9)).join("")}\n`;
  const counts = ({ vectors, failed, skipped }: Counts) => [vectors, failed, skipped];
  const rows = results.map((r) => row(r.file, ...counts(r)) + r.failures.map(failure).join("") + more(r));
  return (
    row("file", "vectors", "failed", "skipped") + rows.join("") + row("total", ...counts(total(results)))
  );
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
