import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { unknownName } from "@gpuvm/drm-model";
import { afterAll, describe, expect, it } from "vitest";
import { isOutside } from "../src/inputs/outside-policy.ts";
import { bench } from "./in-process.ts";

const OUTSIDE = fileURLToPath(new URL("outside-policy.ts", import.meta.url));
const dir = mkdtempSync(join(tmpdir(), "names-"));
afterAll(() => rmSync(dir, { recursive: true }));

describe("a name that there is not", () => {
  it.each([
    [["run", "--policy", "xee"], /unknown policy "xee": did you mean "xe"\?/],
    [["run", "--policy", "msm:constructor"], /unknown variant of msm "constructor": there are soft/],
    [["why", "--policy", "msm:mainlin"], /unknown variant of msm "mainlin": did you mean "mainline"\?/],
    [["run", "--workload", "gaem"], /unknown workload "gaem": did you mean "game"\?/],
    [["run", "--workload", "ml:mibs=1"], /unknown parameter of ml "mibs": did you mean "mib"\?/],
    [["run", "--workload", "ml:toString=1"], /unknown parameter of ml "toString"/],
    [["explore", "--policy", "xe+NOPE"], /unknown defect of xe "NOPE": there are X1/],
    [["explore", "--policy", "xe+x4"], /did you mean "X4"\?/],
    [
      ["explore", "--policy", "xe", "--scenario", "exitt"],
      /unknown scenario of xe "exitt": did you mean "exit"\?/,
    ],
    [["explore", "--bug", "X44"], /unknown bug "X44": did you mean "X4"\?/],
    [["bugs", "M77"], /unknown bug "M77": did you mean "M7"\?/],
    [["study", "--workload", "W77"], /unknown workload "W77"/],
    [["run", "--policy", "./nope.ts"], /nope\.ts cannot be loaded: there is no such file/],
  ])("%j", async (args, says) => {
    const { code, out, err } = await bench(...args);
    expect([code, out]).toEqual([2, ""]);
    expect(err).toMatch(says);
    expect(err.trim().split("\n")).toHaveLength(1);
  });

  it("is not guessed at where nothing is near", () => {
    expect(unknownName("policy", "elephant", ["xe", "msm"]).message).toBe(
      'unknown policy "elephant": there are xe, msm',
    );
    expect(unknownName("policy", "x", []).message).toBe('unknown policy "x": there is none');
  });
});

describe("a policy of one's own", () => {
  it.each([
    ["./x.ts", true],
    ["x.mjs", true],
    ["C:\\p\\x.ts", true],
    ["@me/policy", true],
    ["./x.ts:second+bug", true],
    ["xe", false],
    ["xe:mainline+X4", false],
  ])("%s: %s", (selector, outside) => expect(isOutside(selector)).toBe(outside));

  it("works wherever a policy is named", async () => {
    const run = await bench("run", "--policy", OUTSIDE, "--workload", "ml:mib=1,steps=1");
    expect([run.code, run.err]).toEqual([0, ""]);
    expect(run.out).toContain("outside");
    expect((await bench("why", "--policy", OUTSIDE)).out).toContain("outside:1");
    expect((await bench("why", OUTSIDE)).out).toContain("outside:1");
    expect((await bench("run", OUTSIDE, "--workload", "flips:seconds=1")).out).toContain("outside");
    expect((await bench("study", "--policy", OUTSIDE, "--workload", "W3")).out).toContain("outside:1");
    const explored = await bench("explore", "--policy", OUTSIDE, "--scenario", "twice");
    expect([explored.code, explored.out]).toEqual([1, expect.stringContaining("leak")]);
  });

  it("says what is wrong with a module that holds none", async () => {
    writeFileSync(join(dir, "empty.mjs"), "export const x = 1;\n");
    writeFileSync(join(dir, "broken.mjs"), "throw new Error('no luck');\n");
    const missing = await bench("run", "--policy", join(dir, "missing.mjs"));
    expect([missing.code, missing.err]).toEqual([
      2,
      `${join(dir, "missing.mjs")} cannot be loaded: there is no such file\n`,
    ]);
    expect((await bench("run", "--policy", join(dir, "empty.mjs"))).err).toMatch(/has no default export/);
    const broken = await bench("why", "--policy", join(dir, "broken.mjs"));
    expect([broken.code, broken.err]).toEqual([
      2,
      expect.stringMatching(/broken\.mjs cannot be loaded: no luck/),
    ]);
  });
});
