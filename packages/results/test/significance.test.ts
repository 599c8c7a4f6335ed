import { describe, expect, it } from "vitest";
import { holm, leastP, SIGNIFICANT, samplesFor, significance } from "../src/significance.ts";

/** Uniform in [0, 1), seeded. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe("Holm's correction", () => {
  it("multiplies the least by the number of tests, the next by one less, and never falls", () => {
    expect(holm([0.01, 0.04, 0.03])).toEqual([0.03, 0.06, 0.06]);
    expect(holm([0.5, null, 0.9])).toEqual([1, null, 1]);
    expect(holm([])).toEqual([]);
  });

  it("keeps false alarms of a whole comparison at the level, where uncorrected ones are the rule", () => {
    const next = random(1);
    const trials = 2000;
    let raw = 0;
    let corrected = 0;
    for (let trial = 0; trial < trials; trial++) {
      // Nothing differs: p-values are uniform.
      const ps = Array.from({ length: 50 }, next);
      if (ps.some((p) => p < SIGNIFICANT)) raw++;
      if (holm(ps).some((p) => p !== null && p < SIGNIFICANT)) corrected++;
    }
    expect(raw / trials).toBeGreaterThan(0.85);
    // Three standard errors above the level.
    expect(corrected / trials).toBeLessThan(SIGNIFICANT + 3 * Math.sqrt((0.05 * 0.95) / trials));
    expect(corrected).toBeGreaterThan(0);
  });
});

describe("the permutation test", () => {
  it("has p-values no smaller than dealing the samples out can give", () => {
    expect(leastP(4, 4)).toBeCloseTo(2 / 70);
    expect(significance([1, 1.1, 1.2, 1.05], [9, 9.1, 9.2, 9.05])).toBeCloseTo(2 / 70, 1);
    expect(significance([1, 2, 3], [1, 2, 3])).toBe(null);
  });

  it("on samples of one distribution is seldom below the level", () => {
    const next = random(7);
    const samples = () => Array.from({ length: 6 }, () => 10 + next() + next());
    let alarms = 0;
    for (let i = 0; i < 60; i++) if ((significance(samples(), samples()) ?? 1) < SIGNIFICANT) alarms++;
    expect(alarms).toBeLessThanOrEqual(9);
  });

  it("says how many samples can show anything among so many figures", () => {
    expect(samplesFor(1)).toBe(4);
    expect(samplesFor(45)).toBe(7);
    expect(leastP(7, 7) * 45).toBeLessThan(SIGNIFICANT);
    expect(leastP(6, 6) * 45).toBeGreaterThan(SIGNIFICANT);
  });
});
