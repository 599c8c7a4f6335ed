import type { DrmGemObject } from "@gpuvm/core";
import type { PvrVmContext } from "../vm/vm-context.ts";

/**
 * Edits the list of an object without its lock. Where another task holds it, the list is broken; where nobody does,
 * lock checks still find it.
 */
export function editUnlocked(ctx: PvrVmContext, obj: DrmGemObject | null, change: () => void): void {
  const { dev, machine } = ctx.pvr;
  if (obj === null || obj.resv.owner === dev.current) {
    change();
    return;
  }
  const held = obj.resv.owner;
  const what = `the list of ${obj.name} is edited without its lock`;
  if (held !== null) machine.hazard("dangling-list", obj.name, `${what}, which ${held.name} holds`);
  else if (dev.lockdep !== null) {
    machine.hazard("lock-rule", obj.name, what);
    // The object may go with the link.
    obj.get("ioctl");
    const taken = obj.resv.tryAcquire(dev.current);
    change();
    if (taken) obj.resv.release(dev.current);
    obj.put("ioctl");
    return;
  }
  change();
}
