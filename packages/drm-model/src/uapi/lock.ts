import type { DmaFence, DrmDevice, Lock, Steps } from "@gpuvm/core";

/** Takes a lock, waiting for it if need be. */
export function* lock(dev: DrmDevice, what: Lock, label: string): Steps<void> {
  if (dev.stopsAt(what, label)) yield dev.point;
  what.acquire(dev.current);
}

/**
 * Takes a lock for a part of a step: what is done under it waits for nothing, so it is done at once. Stops only where
 * somebody has the lock, also while schedules are explored.
 */
export function* lockBriefly(dev: DrmDevice, what: Lock, label: string): Steps<void> {
  while (what.owner !== null && what.owner !== dev.current) if (dev.stopsAt(what, label)) yield dev.point;
  what.acquire(dev.current);
}

/** Lets go of a lock. */
export function unlock(dev: DrmDevice, what: Lock): void {
  what.release(dev.current);
}

/** Waits until a fence has signalled. */
export function* waitFence(dev: DrmDevice, fence: DmaFence, label: string): Steps<void> {
  if (dev.waitsFor(fence, label)) yield dev.point;
}

/** Where the kernel could be preempted, or a failure injected: stops only while schedules are explored. */
export function* preempt(dev: DrmDevice, kind: "alloc" | "publish" | "preempt", label: string): Steps<void> {
  if (dev.stopsFor(kind, label)) yield dev.point;
}
