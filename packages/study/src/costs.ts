import { UsageError } from "@gpuvm/drm-model";
import type { Outcome } from "./workloads/workload.ts";

/** What one operation costs, from somebody who measured, or said so. */
export interface Cost {
  /** `map`, or `unmap` with its TLB invalidation. */
  readonly what: "map" | "unmap";
  /** Least and greatest, in milliseconds. */
  readonly low_ms: number;
  /** See {@link Cost.low_ms}. */
  readonly high_ms: number;
  /** Where the figure comes from, and of what it is. */
  readonly source: string;
}

/** The figures of the thread. None comes with a method, a device, or a spread. */
export const THREAD_COSTS: readonly Cost[] = [
  {
    what: "map",
    low_ms: 0.2,
    high_ms: 0.2,
    source: "Rob Clark, 16 May 2025 (CAF6AEGu=KzCnk…): 1080p, one layer, no method given",
  },
  {
    what: "unmap",
    low_ms: 4,
    high_ms: 6,
    source:
      "series v6 39/40 (5 June 2025) and v9 41/42: 1080p scanout buffer with TLB invalidation, no method given; first said to be 0.3 ms without it",
  },
];

/** The modelled time of a display workload. */
export interface Modelled {
  /** Milliseconds for each flip. */
  readonly low_ms: number;
  /** See {@link Modelled.low_ms}. */
  readonly high_ms: number;
  /** Share of a frame's time, 0 to 1. */
  readonly low: number;
  /** See {@link Modelled.low}. */
  readonly high: number;
}

/**
 * The costs in a file's text: a JSON array of {@link Cost}. `file` is what messages call it.
 *
 * @throws UsageError if it is not that
 */
export function parseCosts(text: string, file: string): readonly Cost[] {
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file}: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!Array.isArray(read)) throw new UsageError(`${file}: a JSON array of costs is wanted`);
  return read.map((row: unknown, i) => costOf(row, `${file}: entry ${i + 1}`));
}

function costOf(row: unknown, where: string): Cost {
  const { what, low_ms, high_ms, source } = (row ?? {}) as Partial<Record<string, unknown>>;
  if (what !== "map" && what !== "unmap") throw new UsageError(`${where}: "what" is "map" or "unmap"`);
  if (
    typeof low_ms !== "number" ||
    typeof high_ms !== "number" ||
    !(low_ms >= 0) ||
    !(high_ms >= low_ms) ||
    high_ms === Number.POSITIVE_INFINITY
  ) {
    throw new UsageError(`${where}: "low_ms" and "high_ms" are milliseconds, the first not greater`);
  }
  if (typeof source !== "string" || source === "") throw new UsageError(`${where}: a cost has a "source"`);
  return { what, low_ms, high_ms, source };
}

/** What the display's maps and unmaps of an outcome come to, for each flip; null: it has no display. */
export function modelledFlip(outcome: Outcome, costs: readonly Cost[], hz: number): Modelled | null {
  const { flips, scanout_maps: maps, scanout_unmaps: unmaps } = outcome;
  if (flips === undefined || maps === undefined || unmaps === undefined) return null;
  const sum = (of: "low_ms" | "high_ms") =>
    costs.reduce((total, cost) => total + (cost[of] * (cost.what === "map" ? maps : unmaps)) / flips, 0);
  const frame = 1000 / hz;
  const [low, high] = [sum("low_ms"), sum("high_ms")];
  return { low_ms: low, high_ms: high, low: low / frame, high: high / frame };
}
