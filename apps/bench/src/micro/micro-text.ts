import { count } from "@gpuvm/results/units";
import { fitted, leftOut } from "../format/fitted.ts";
import { wrapped } from "../format/wrapped.ts";
import { baselineOf, hasDocumentedSums } from "./c-baseline.ts";
import { type MicroResult, median } from "./measure.ts";

/** One line of `--json`. */
export function resultJson(result: MicroResult): string {
  return JSON.stringify(resultFields(result));
}

/** What `--json` has of a result. */
export function resultFields(result: MicroResult): Record<string, string | number> {
  const { work, ns } = result;
  return {
    case: work.case,
    mode: result.mode,
    n: work.n,
    seed: work.seed,
    ops: work.case === "insert" ? work.n : work.ops,
    nsPerOp: round(median(ns)),
    min: round(ns[0] as number),
    max: round(ns.at(-1) as number),
    steps: result.steps,
    live: result.live,
    checksum: result.checksum,
    ...(result.full === null ? {} : { full: result.full }),
    bytesPerVa: round(result.bytesPerVa),
    peakRss: result.peakRss,
  };
}

/** Whether a result has the documented checksums; undefined: there are none for it. */
export function sumsAgree(result: MicroResult): boolean | undefined {
  const baseline = baselineOf(result.work);
  if (baseline === undefined || !hasDocumentedSums(result.work)) return undefined;
  if (result.checksum !== baseline.short) return false;
  return result.full === null || baseline.full === undefined || result.full === baseline.full;
}

/** Columns in the order in which they are left out where there is no room for them. */
const LEAST = ["full", "live", "steps", "C*", "min-max", "bytes/VA"];

/** The table for people, on a terminal of `width` columns. */
export function resultsTable(results: readonly MicroResult[], width = 100): string {
  const rows = results.map((r) => {
    const ns = median(r.ns);
    const c = baselineOf(r.work)?.ns;
    return [
      r.work.case,
      r.work.n.toLocaleString("en"),
      show(ns),
      `${show(r.ns[0] as number)}-${show(r.ns.at(-1) as number)}`,
      c === undefined ? "" : String(c),
      c === undefined ? "" : (ns / c).toFixed(2),
      count(r.steps),
      count(r.live),
      `${r.checksum}${{ true: " ok", false: " WRONG", undefined: "" }[String(sumsAgree(r))]}`,
      r.full ?? "",
      r.bytesPerVa.toFixed(1),
    ];
  });
  const head = ["case", "mappings", "ns/op", "min-max", "C*", "/C*", "steps", "live", "checksum"];
  const table = fitted([...head, "full", "bytes/VA"], rows, width, LEAST);
  const peak = Math.max(...results.map((r) => r.peakRss)) / 2 ** 20;
  return [
    table.table,
    ...leftOut(table, width),
    "",
    ...geomeans(results),
    `Peak resident set: ${peak.toFixed(0)} MiB.`,
    wrapped(
      "C*: the kernel's drm_gpuvm.c in userspace, mode ops, as documented: another machine, so the ratio is a hint.",
      width,
      "    ",
    ),
    "",
  ].join("\n");
}

function geomeans(results: readonly MicroResult[]): string[] {
  const sizes = [...new Set(results.map((r) => r.work.n))];
  return sizes.flatMap((n) => {
    const ratios = results.flatMap((r) => {
      const c = r.work.n === n ? baselineOf(r.work)?.ns : undefined;
      return c === undefined ? [] : [median(r.ns) / c];
    });
    return ratios.length === 0
      ? []
      : [
          `Geometric mean of ${ratios.length} ratios at ${n.toLocaleString("en")}: ${geomean(ratios).toFixed(2)} (other machine).`,
        ];
  });
}

/** The geometric mean. */
export function geomean(ratios: readonly number[]): number {
  return Math.exp(ratios.reduce((sum, r) => sum + Math.log(r), 0) / ratios.length);
}

/** Nanoseconds with as many digits as mean something. */
export function show(ns: number): string {
  return ns < 100 ? ns.toFixed(1) : ns.toFixed(0);
}

/** Two digits behind the point. */
export function round(v: number): number {
  return Math.round(v * 100) / 100;
}
