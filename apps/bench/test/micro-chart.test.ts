import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { microWords } from "../src/cli/micro-command.ts";
import { runMicro } from "../src/commands/micro.ts";
import { growthChart, nativeChart } from "../src/micro/chart.ts";
import type { MicroResult } from "../src/micro/measure.ts";

it("takes lists behind one flag", () => {
  const words = ["--case", "find", "split", "--n", "1000", "10000", "--ops", "1000", "--json"];
  expect(microWords(words).join(" ")).toBe("--case find --case split -n 1000 -n 10000 --ops 1000 --json");
  expect(microWords(["--n=5"])).toEqual(["--mappings=5"]);
});

it("draws a line for each case over the sizes", async () => {
  const svg = join(mkdtempSync(join(tmpdir(), "micro-")), "growth.svg");
  const plan = {
    ops: 1000,
    seed: 1,
    mode: "ops",
    json: true,
    full: false,
    runs: 5,
    peers: false,
    native: false,
  } as const;
  await runMicro({ ...plan, case: ["find", "iterate"], n: [100, 200], svg }, () => {});
  const text = readFileSync(svg, "utf8");
  expect(text).toMatch(/^<svg /);
  expect(text.match(/<circle/g)).toHaveLength(4);
  // There are no documented figures of these sizes.
  expect(legend(text)).toEqual(["core"]);
});

it("says in a legend what each line is", () => {
  const work = (n: number) => ({ case: "find" as const, n, ops: 1000, seed: 1 });
  const figures = {
    mode: "ops",
    steps: 0,
    live: 1,
    checksum: "",
    full: null,
    bytesPerVa: 1,
    peakRss: 1,
  } as const;
  const results = [1000, 10_000].map((n): MicroResult => ({ work: work(n), ns: [n / 100], ...figures }));
  expect(legend(growthChart(results))).toEqual(["core", "drm_gpuvm.c, documented, another machine"]);
  const native = results.map((core) => ({
    core,
    native: (["red-black-tree", "std::map"] as const).map((store) => ({
      ...{ store, ns: [2 * (core.ns[0] as number)], ratio: 0.5, agrees: true },
    })),
  }));
  const svg = nativeChart(native);
  expect(legend(svg)).toEqual(["core", "red-black-tree in C++", "std::map in C++"]);
  // Each line has the colour that the legend gives it.
  for (const colour of ["#0b6bb3", "#b3470b", "#5b8f22"]) {
    expect(svg.match(new RegExp(`stroke="${colour}"`, "g"))?.length).toBeGreaterThanOrEqual(3);
  }
});

function legend(svg: string): string[] {
  const [, inside = ""] = /<g aria-label="legend"[^>]*>(.*?)<\/g>/s.exec(svg) ?? [];
  return [...inside.matchAll(/<text[^>]*>([^<]*)</g)].map(([, name]) => name as string);
}
