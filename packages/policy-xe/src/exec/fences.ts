import { DmaFence } from "@gpuvm/core";
import type { Machine } from "@gpuvm/drm-model";

/** A fence that has signalled (`dma_fence_get_stub`). */
export function stub(machine: Machine): DmaFence {
  const done = machine.fence(machine.fenceContext(), 1);
  done.signal();
  return done;
}

/** A fence that signals after all of these (`dma_fence_array_create`). */
export function afterAll(machine: Machine, fences: readonly DmaFence[]): DmaFence {
  const pending = fences.filter((fence) => !fence.signaled);
  if (pending.length === 0) return fences[0] ?? stub(machine);
  const done = new DmaFence(machine.fenceContext(), 1);
  let left = pending.length;
  for (const fence of pending)
    fence.onSignal(() => {
      if (--left === 0) done.signal();
    });
  return done;
}
