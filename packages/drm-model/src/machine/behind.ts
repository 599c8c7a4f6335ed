import type { DmaFence, DrmDevice, Steps } from "@gpuvm/core";

/** Waits for fences, one after the other, then begins. */
export function* behind(
  dev: DrmDevice,
  fences: readonly DmaFence[],
  label: string,
  start: () => Steps<void>,
): Steps<void> {
  for (const fence of fences) if (dev.waitsFor(fence, label)) yield dev.point;
  yield* start();
}
