import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { UsageError } from "@gpuvm/drm-model";
import { describe, expect, it, vi } from "vitest";
import { runMicro } from "../src/commands/micro.ts";
import { Checksum } from "../src/micro/checksum.ts";
import { CoreSubject } from "../src/micro/core-subject.ts";
import { compilerName, compileYardstick } from "../src/micro/native/compile.ts";
import type { BesideNative } from "../src/micro/native/measure-native.ts";
import { nativeJson, nativeTable } from "../src/micro/native/native-text.ts";
import { STORES, Yardstick } from "../src/micro/native/yardstick.ts";
import { CASES, runWorkload, type Workload } from "../src/micro/workload.ts";

const MISSING = spawnSync(compilerName(), ["--version"]).error !== undefined;
const RUN = {
  case: [],
  n: [50],
  ops: 1000,
  seed: 1,
  mode: "ops",
  runs: 5,
  json: false,
  full: false,
} as const;

describe.skipIf(MISSING)(
  `the yardstick in C++${MISSING ? `: skipped, there is no ${compilerName()}` : ""}`,
  () => {
    it("compiles, and comes to the core's checksums in every case", { timeout: 60_000 }, async () => {
      const { program, remove } = await compileYardstick();
      try {
        const yardstick = new Yardstick(program);
        for (const store of STORES) {
          for (const [i, name] of CASES.entries()) {
            // Another size and seed for each: trees of other shapes.
            const work: Workload = { case: name, n: 700 + 13 * i, ops: 3000, seed: 5 + i };
            const { sum, live } = core(work);
            const { nsPerOp, ...counted } = await yardstick.run(store, work, true);
            const expected = { steps: sum.steps, live, checksum: sum.short, full: sum.full };
            expect(counted, `${store}, ${name}`).toEqual(expected);
            expect(nsPerOp).toBeGreaterThanOrEqual(0);
          }
        }
        await expect(
          yardstick.run("std::map", { ...RUN, case: "no" as "find", n: 5 }, false),
        ).rejects.toThrow("not understood: std::map no 5");
        await yardstick.end();
      } finally {
        remove();
      }
    });

    it("says in one line what is wrong with a compiler that refuses, and leaves nothing behind", async () => {
      const folder = mkdtempSync(join(tmpdir(), "yardstick-test-"));
      for (const name of ["TMPDIR", "TEMP", "TMP"]) vi.stubEnv(name, folder);
      await expect(compileYardstick(process.execPath)).rejects.toThrow(
        /^--native: .* did not compile .*: it ended with 9$/,
      );
      await expect(compileYardstick(folder)).rejects.toThrow(/^--native needs a C\+\+ compiler/);
      expect(readdirSync(folder)).toEqual([]);
      vi.unstubAllEnvs();
    });
  },
);

describe("micro --native", () => {
  it("asks for a compiler where there is none", async () => {
    const wanted = new UsageError(
      "--native needs a C++ compiler, and no-such-compiler is not there: install g++, or name another in the variable CXX",
    );
    await expect(compileYardstick("no-such-compiler")).rejects.toEqual(wanted);
  });

  it("does not go with --peers", async () => {
    await expect(runMicro({ ...RUN, peers: true, native: true }, () => {})).rejects.toThrow(UsageError);
  });

  it("gives ratios, their geometric means, and what differs", () => {
    const all = [result("find", 50, [2, 8], true), result("replace", 200, [2, 2], false)];
    const lines = nativeJson(all)
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines[0].native[0]).toEqual({
      store: STORES[0],
      nsPerOp: 50,
      min: 40,
      max: 60,
      ratio: 2,
      agrees: true,
    });
    expect(lines[2]).toEqual({ n: 10, geometricMeanOfRatios: { [STORES[0]]: 2, [STORES[1]]: 4 } });
    const table = nativeTable(all).split("\n");
    expect(table[1]).toMatch(/^find +10 +100 +50\.0 +2\.00 +12\.5 +8\.00 +equal$/);
    expect(table[2]).toMatch(/DIFFER$/);
    expect(table).toContain(
      "DIFFER: with replace, 10 mappings, red-black-tree and std::map did not come to the core's checksum.",
    );
    expect(table[3]).toMatch(/^geometric mean +10 +2\.00 +4\.00$/);
  });
});

function core(work: Workload): { sum: Checksum; live: number } {
  const subject = new CoreSubject("ops", new Checksum(true));
  runWorkload(subject, work, () => 0);
  const { sum } = subject;
  // Without steps there is nothing in the full checksum, in both.
  return { sum, live: subject.live() };
}

function result(
  name: "find" | "replace",
  ns: number,
  ratios: [number, number],
  agrees: boolean,
): BesideNative {
  const work: Workload = { case: name, n: 10, ops: 1000, seed: 1 };
  const figures = { steps: 0, live: 10, checksum: "0", full: null, bytesPerVa: 60, peakRss: 1 };
  const of = (store: (typeof STORES)[number], ratio: number) => {
    const median = (2 * ns) / ratio;
    return { store, ns: [median * 0.8, median, median * 1.2], ratio, agrees };
  };
  return {
    core: { work, mode: "ops", ns: [2 * ns], ...figures },
    native: [of(STORES[0], ratios[0]), of(STORES[1], ratios[1])],
  };
}
