import type { Steps } from "@gpuvm/core";
import type { Panthor } from "./device.ts";
import { fwUnplug } from "./fw/firmware.ts";
import { mmuUnplug } from "./mmu/reset.ts";

/**
 * The device is removed, or lost after a reset that did not help (`panthor_device_unplug`): calls are refused from now on, but
 * for the ends of files.
 */
export function* deviceUnplug(panthor: Panthor): Steps<void> {
  if (panthor.unplugged) return;
  panthor.unplugged = true;
  yield* panthor.sched.unplug();
  yield* fwUnplug(panthor);
  mmuUnplug(panthor);
}
