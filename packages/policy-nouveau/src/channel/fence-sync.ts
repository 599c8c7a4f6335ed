import { type DmaFence, type DmaResv, type Errno, type Steps, USAGE_READ, USAGE_WRITE } from "@gpuvm/core";
import { type Process, waitFenceInterruptible } from "@gpuvm/drm-model";
import type { NvDevice } from "../device.ts";
import { type FenceChannel, ownerOf } from "./timeline.ts";

/**
 * Tells of one object after the other whether {@link fenceSync} has anything to do: mostly the fences are those of the
 * channel's own work.
 */
export function syncCheck({ timeline }: FenceChannel): (resv: DmaResv, exclusive: boolean) => boolean {
  let found = false;
  const look = (fence: DmaFence): void => {
    if (ownerOf(fence) !== timeline) found = true;
  };
  return (resv, exclusive) => {
    found = false;
    resv.each(exclusive ? USAGE_READ : USAGE_WRITE, look);
    return found;
  };
}

/**
 * Lets work on a channel wait for what an object's fences stand for (`nouveau_fence_sync`): readers first, then all. The
 * GPU waits for another channel by itself, with a semaphore; for anything else the call sleeps.
 *
 * @param exclusive the work writes, and waits for readers, too
 * @param process whose signals end the sleep
 * @returns what the GPU has to wait for; -ERESTARTSYS
 */
export function* fenceSync(
  nv: NvDevice,
  resv: DmaResv,
  channel: FenceChannel,
  exclusive: boolean,
  process: Process,
): Steps<DmaFence[] | Errno> {
  const after: DmaFence[] = [];
  for (const pass of [0, 1]) {
    for (const { fence, usage } of resv.visible(exclusive ? USAGE_READ : USAGE_WRITE)) {
      if (pass === 0 && usage === USAGE_WRITE) continue;
      const owner = ownerOf(fence);
      if (owner === channel.timeline) continue;
      if (owner === undefined) {
        const ret = yield* waitFenceInterruptible(nv.dev, fence, process, "nouveau_fence_sync");
        if (ret !== 0) return ret;
      } else {
        nv.tell?.(["channel waits for another"]);
        if (!fence.signaled && !after.includes(fence)) after.push(fence);
      }
    }
  }
  return after;
}
