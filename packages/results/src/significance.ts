import { permutationTest } from "simple-statistics";

/** Timed samples a side below which no test is made: fewer cannot show a difference. */
export const FOR_TEST = 4;
/** Chance that a whole comparison calls anything a difference where there is none. */
export const SIGNIFICANT = 0.05;

const SHUFFLES = 10_000;

/**
 * Two-sided permutation test of the means of two sets of samples; the shuffles are seeded, so the same samples give the
 * same answer. No p-value is smaller than such a test can give: one in all ways to deal the samples out.
 *
 * @returns the p-value; null below {@link FOR_TEST} samples a side
 */
export function significance(a: readonly number[], b: readonly number[]): number | null {
  if (a.length < FOR_TEST || b.length < FOR_TEST) return null;
  const p = permutationTest([...a], [...b], "two_side", SHUFFLES, seeded());
  return Math.min(1, Math.max(p, leastP(a.length, b.length), 1 / (SHUFFLES + 1)));
}

/** The least p-value that a two-sided permutation test of so many samples can give. */
export function leastP(a: number, b: number): number {
  let ways = 1;
  for (let i = 1; i <= b; i++) ways = (ways * (a + i)) / i;
  return 2 / ways;
}

/**
 * Holm's correction: the p-values of a family of tests, so that the chance of any false alarm among them is at most what
 * each is then compared with. Nulls are no tests.
 *
 * S. Holm: A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6 (1979).
 */
export function holm(ps: readonly (number | null)[]): (number | null)[] {
  const tests = ps.flatMap((p, i) => (p === null ? [] : [{ p, i }])).sort((x, y) => x.p - y.p);
  const adjusted: (number | null)[] = ps.map(() => null);
  let floor = 0;
  tests.forEach(({ p, i }, rank) => {
    floor = Math.max(floor, Math.min(1, p * (tests.length - rank)));
    adjusted[i] = floor;
  });
  return adjusted;
}

/** Samples a side from which on one figure of a family of `figures` can be shown to differ. */
export function samplesFor(figures: number): number {
  let n = FOR_TEST;
  while (Math.max(leastP(n, n), 1 / (SHUFFLES + 1)) * figures >= SIGNIFICANT && n < 100) n++;
  return n;
}

function seeded(): () => number {
  let state = 0x2545f491;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
