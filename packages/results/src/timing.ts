import { median, quantile } from "simple-statistics";

/** Real time of one replay, over all its samples. */
export interface Timing {
  /** Each measurement, in milliseconds, in the order in which they were made. */
  readonly samples_ms: readonly number[];
  /** Their median. */
  readonly replay_ms: number;
  /** 95 % interval of the median (order statistics); null below six samples, which cannot give one. */
  readonly ci95_ms: readonly [low: number, high: number] | null;
  /** Events of the trace per second, at the median; 0 where the clock was too coarse to see any time pass. */
  readonly events_per_second: number;
  /** Why this is not a measurement to rely on; empty: nothing was noticed. */
  readonly warnings: readonly string[];
}

/** Samples below which no interval is given: with five, the widest one covers only 94 %. */
const FOR_INTERVAL = 6;
/** An interval wider than this share of the median is called noise. */
const NOISY = 0.1;

/** What samples of one replay come to. */
export function timing(samplesMs: readonly number[], events: number): Timing {
  const samples = [...samplesMs];
  const mid = median(samples);
  const ci95 = interval(samples);
  const warnings: string[] = [];
  if (samples.length < FOR_INTERVAL) warnings.push(`${samples.length} sample(s): not a measurement`);
  if (ci95 !== null && ci95[1] - ci95[0] > 2 * NOISY * mid)
    warnings.push("noisy: the interval is wider than 10 % to either side");
  const [q1, q3] = [quantile(samples, 0.25), quantile(samples, 0.75)];
  const outliers = samples.filter((s) => s > q3 + 3 * (q3 - q1)).length;
  if (samples.length >= FOR_INTERVAL && outliers > 0) warnings.push(`${outliers} far outlier(s)`);
  return {
    samples_ms: samples.map((s) => Number(s.toFixed(3))),
    replay_ms: Number(mid.toFixed(3)),
    ci95_ms: ci95,
    events_per_second: mid > 0 ? Math.round((events / mid) * 1000) : 0,
    warnings,
  };
}

/** The narrowest pair of order statistics that covers the median with at least 95 % (binomial, both tails). */
function interval(samples: readonly number[]): readonly [number, number] | null {
  const n = samples.length;
  if (n < FOR_INTERVAL) return null;
  const sorted = [...samples].sort((a, b) => a - b);
  let tail = 0.5 ** n;
  let choose = 1;
  let k = 0;
  for (let i = 1; i < n / 2; i++) {
    choose = (choose * (n - i + 1)) / i;
    tail += choose * 0.5 ** n;
    if (2 * tail > 0.05) break;
    k = i;
  }
  return [Number((sorted[k] as number).toFixed(3)), Number((sorted[n - 1 - k] as number).toFixed(3))];
}
