import type { Miss } from "./claims/claim.ts";
import type { WorkloadId } from "./workloads/workload.ts";

/** Why a cell is not as the fact sheet says, by workload and way. Each was looked into. */
const REASONS: Readonly<Record<string, string>> = {};

/** Why a cell differs, or has nothing to differ from. */
export function reasonFor(
  workload: WorkloadId,
  way: string,
  agrees: boolean | null,
  differs: readonly Miss[],
): string {
  if (agrees === null) return "the fact sheet says nothing of this variant here: measured on the model only";
  const known = REASONS[`${workload} ${way}`];
  if (known !== undefined) return known;
  const what = differs.map(
    ({ figure, expected, measured }) => `${figure} is ${measured}, expected ${expected}`,
  );
  return `not explained yet: ${what.join("; ")}`;
}
