import { fitted, leftOut } from "../../format/fitted.ts";
import { wrapped } from "../../format/wrapped.ts";
import { median, nameOf } from "../measure.ts";
import { geomean, resultFields, round, show } from "../micro-text.ts";
import type { BesideNative } from "./measure-native.ts";
import { STORES, type Store } from "./yardstick.ts";

/** One line of `--json` for each workload, then one for each number of mappings with the geometric means. */
export function nativeJson(all: readonly BesideNative[]): string {
  const lines: unknown[] = all.map(({ core, native }) => ({
    ...resultFields(core),
    native: native.map(({ store, ns, ratio, agrees }) => ({
      store,
      nsPerOp: round(median(ns)),
      min: round(ns[0] as number),
      max: round(ns.at(-1) as number),
      ratio: thousandths(ratio),
      agrees,
    })),
  }));
  for (const n of sizes(all)) {
    const of = Object.fromEntries(STORES.map((store) => [store, thousandths(meanRatio(all, n, store))]));
    lines.push({ n, geometricMeanOfRatios: of });
  }
  return lines.map((line) => `${JSON.stringify(line)}\n`).join("");
}

const NOTE =
  "CPU time per operation, medians, in turns; core/it below 1: the core is faster. The C++ has no list of steps, no references, no locks and no checks: it does less than drm_gpuvm.c.";

/** The table for people, on a terminal of `width` columns. */
export function nativeTable(all: readonly BesideNative[], width = 100): string {
  const head = [
    "case",
    "mappings",
    "core, ns",
    ...STORES.flatMap((s) => [`${s}, ns`, "core/it"]),
    "checksums",
  ];
  const rows = all.map(({ core, native }) => [
    core.work.case,
    core.work.n.toLocaleString("en"),
    show(median(core.ns)),
    ...native.flatMap(({ ns, ratio }) => [show(median(ns)), ratio.toFixed(2)]),
    native.every(({ agrees }) => agrees) ? "equal" : "DIFFER",
  ]);
  const means = sizes(all).map((n) => [
    "geometric mean",
    n.toLocaleString("en"),
    "",
    ...STORES.flatMap((store) => ["", meanRatio(all, n, store).toFixed(2)]),
    "",
  ]);
  const differences = all.flatMap(differing);
  // The column can go where it says nothing.
  const table = fitted(head, [...rows, ...means], width, differences.length === 0 ? ["checksums"] : []);
  const notes = [...differences, NOTE].flatMap((line) => ["", wrapped(line, width)]);
  return [table.table, ...leftOut(table, width), ...notes, ""].join("\n");
}

function differing({ core, native }: BesideNative): string[] {
  const names = native.filter(({ agrees }) => !agrees).map(({ store }) => store);
  if (names.length === 0) return [];
  return [`DIFFER: with ${nameOf(core.work)}, ${names.join(" and ")} did not come to the core's checksum.`];
}

function sizes(all: readonly BesideNative[]): number[] {
  return [...new Set(all.map(({ core }) => core.work.n))];
}

function meanRatio(all: readonly BesideNative[], n: number, store: Store): number {
  const here = all.filter(({ core }) => core.work.n === n).flatMap(({ native }) => native);
  return geomean(here.filter((r) => r.store === store).map((r) => r.ratio));
}

function thousandths(v: number): number {
  return Math.round(v * 1000) / 1000;
}
