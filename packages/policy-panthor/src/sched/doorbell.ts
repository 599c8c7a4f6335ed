import type { Panthor } from "../device.ts";

/** Makes the firmware look at a slot (`panthor_fw_ring_csg_doorbells`); one that hangs is seen not to answer. */
export function ringCsg({ sched, gpu, onSched }: Panthor, csg: number): void {
  const unanswered = sched.slots[csg]?.unanswered ?? 0;
  if (gpu.hung && unanswered !== 0)
    onSched?.(["fw", `csg ${csg}`, "no answer", `0x${unanswered.toString(16)}`]);
}
