import { UsageError } from "@gpuvm/drm-model";
import type { Results } from "./results.ts";

/**
 * Reads the text of a result file; `name` is what messages call it.
 *
 * @throws UsageError with the name and what to do, if it is none.
 */
export function parseResults(text: string, name: string): Results {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${name}: is not JSON (${(error as Error).message})`);
  }
  if (!isResults(value)) {
    throw new UsageError(
      `${name}: is no result file of this version; write one with: gpuvm-bench run --format json`,
    );
  }
  return value;
}

function isResults(value: unknown): value is Results {
  if (typeof value !== "object" || value === null) return false;
  const { format, version, runs } = value as Partial<Record<keyof Results, unknown>>;
  return format === "gpuvm-bench-results" && version === 1 && Array.isArray(runs) && runs.every(isRun);
}

function isRun(run: unknown): boolean {
  if (typeof run !== "object" || run === null) return false;
  const { trace, subject, timing, submit_locks, close_wait_ns, left_at_device_close } = run as Record<
    string,
    unknown
  >;
  const object = (x: unknown) => typeof x === "object" && x !== null;
  const samples = object(timing) && Array.isArray((timing as { samples_ms?: unknown }).samples_ms);
  return (
    typeof trace === "string" &&
    typeof subject === "string" &&
    samples &&
    [submit_locks, close_wait_ns, left_at_device_close].every(object)
  );
}
