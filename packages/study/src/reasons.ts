import type { Miss } from "./claims/claim.ts";
import { NO_HANG, type WorkloadId } from "./workloads/workload.ts";

/** Why a cell is not as the fact sheet says, by workload and way. Each was looked into. */
const REASONS: Readonly<Record<string, string>> = {};

/** What is missing in the model of a driver for a job that never ends. */
const UNENDED: Readonly<Record<string, string>> = {
  nouveau:
    "work by PUSHBUF has no timeout of the driver's: a hang ends when the hardware or its firmware gives the channel up, and tells the driver (nouveau_channel_killed), or when the file closes",
  powervr:
    "after 60 s pvr_queue_timedout_job starts the queue again with what it has, and no job ends by it; what ends one is the firmware, which the model does not have",
};

/** Why a variant cannot run a workload: what the workload says, or what is known of this driver. */
export function whySkipped(driver: string, why: string): string {
  return why === NO_HANG ? (UNENDED[driver] ?? why) : why;
}

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
