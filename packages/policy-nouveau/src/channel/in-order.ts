import { type DmaFence, USAGE_READ, USAGE_WRITE } from "@gpuvm/core";
import type { NvDevice } from "../device.ts";
import type { NouveauBo } from "../gem/bo.ts";
import { type FenceChannel, ownerOf } from "./timeline.ts";

/**
 * On a machine that watches: the GPU is given work that lists an object. Whatever order it does the channels' work in: who reads must wait for those who
 * write, and who writes for all.
 *
 * @param after what the work waits for
 */
export function waitsForOthers(
  nv: NvDevice,
  bo: NouveauBo,
  channel: FenceChannel,
  writes: boolean,
  after: readonly DmaFence[],
): void {
  if (nv.machine.options.watch !== true) return;
  bo.resv.each(writes ? USAGE_READ : USAGE_WRITE, (fence) => {
    if (fence.signaled || ownerOf(fence) === channel.timeline || after.includes(fence)) return;
    const what = `work that ${writes ? "writes" : "reads"} ${bo.name} does not wait for ${fence.name}`;
    nv.machine.hazard("job-order", bo.name, what);
  });
}
