import type { XeRing } from "./exec/ring.ts";
import type { XeGt } from "./gt.ts";

/** When a device is given up (`enum xe_wedged_mode`). */
export type WedgedMode = "never" | "upon-critical-error" | "upon-any-hang-no-reset";

/** Whether a device is given up (`xe->wedged`). */
export interface Wedged {
  /** The default is `upon-critical-error`. */
  mode: WedgedMode;
  /** It is: every call is refused (-ECANCELED), but files close. */
  flag: boolean;
}

/**
 * The device is given up (`xe_device_declare_wedged`, `xe_guc_submit_wedge`). Queues are killed, and what they had ends with an error; or,
 * to be looked at, they stay as they are, GPU and all, and are kept until the driver goes. Then the firmware is reset, which is taken to
 * stop the engines.
 *
 * @param ring the one of the driver's own copies
 */
export function declareWedged(wedged: Wedged, gt: XeGt, ring: XeRing): void {
  if (wedged.mode === "never") return;
  wedged.flag = true;
  // `xe_guc_reset_prepare`
  gt.stopped = true;
  if (wedged.mode === "upon-any-hang-no-reset") {
    for (const queue of gt.queues) {
      queue.kref.get("wedged");
      queue.wedge();
    }
    return;
  }
  gt.submitStop();
  gt.left();
  // `xe_guc_submit_pause_abort`
  for (const queue of gt.queues) queue.kill();
  ring.abort();
  gt.resume();
}

/** The driver goes: queues that a wedged device has kept go, too (`guc_submit_fini`). */
export function wedgedFini({ flag, mode }: Wedged, gt: XeGt): void {
  if (!flag || mode !== "upon-any-hang-no-reset") return;
  for (const queue of [...gt.queues]) queue.kref.put("wedged");
}
