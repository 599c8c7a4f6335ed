import type { Panthor } from "../device.ts";

/** The GPU is to be reset (`panthor_device_schedule_reset`). */
export function scheduleReset(panthor: Panthor): void {
  const { sched } = panthor;
  if (sched.resetPending) return;
  sched.resetPending = true;
  panthor.machine.queueWork("panthor reset_work", () => panthor.reset());
}
