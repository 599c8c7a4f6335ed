import { ENODEV } from "@gpuvm/core";
import { GpuEngine, type GpuJob } from "@gpuvm/drm-model";
import type { NvDevice } from "./device.ts";
import { ownerOf } from "./timeline.ts";

/**
 * The hardware gives up the channel whose job is at hand, after a fault or a context switch that took too long: the engine is
 * reset, and then the driver is told (`nouveau_channel_killed`). Fences of the channel's work signal with -ENODEV, and it takes no
 * more; other channels' work goes on. Of work that came by EXEC.
 *
 * @returns whether there was one; the driver's own channel is never given up
 */
export function failChannel(nv: NvDevice): boolean {
  const { engine } = nv;
  if (!(engine instanceof GpuEngine)) return false;
  const left = engine.reset();
  const [hand] = left;
  const failed = hand === undefined ? undefined : ownerOf(hand.fence);
  if (failed === undefined || failed === nv.driver.channel.timeline) {
    for (const job of left) engine.submit(job);
    return false;
  }
  const isKilled = (job: GpuJob) => ownerOf(job.fence) === failed;
  // nouveau_channel_kill
  failed.killed = true;
  for (const job of left) if (!isKilled(job)) engine.submit(job);
  // nouveau_fence_context_kill
  for (const { fence } of left.filter(isKilled)) fence.signal(-ENODEV);
  return true;
}
