import { type DmaFence, type DrmDevice, ERESTARTSYS, type Errno, type Lock, type Steps } from "@gpuvm/core";
import type { Process } from "./process.ts";

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

/**
 * As {@link lock}, but a signal ends the wait (`mutex_lock_interruptible`): whoever gets the lock at once does not look for one.
 *
 * @returns 0, or -ERESTARTSYS: the lock was not taken
 */
export function* lockInterruptible(
  dev: DrmDevice,
  what: Lock,
  process: Process,
  label: string,
): Steps<Errno> {
  if (dev.stopsAt(what, label)) {
    dev.point.interrupt = process;
    yield dev.point;
  }
  if (what.owner !== null) return -ERESTARTSYS;
  what.acquire(dev.current);
  return 0;
}

/** Lets go of a lock. */
export function unlock(dev: DrmDevice, what: Lock): void {
  what.release(dev.current);
}

/** Waits until a fence has signalled. */
export function* waitFence(dev: DrmDevice, fence: DmaFence, label: string): Steps<void> {
  if (dev.waitsFor(fence, label)) yield dev.point;
}

/** As {@link waitFence}, but a signal ends the wait. @returns 0, or -ERESTARTSYS */
export function* waitFenceInterruptible(
  dev: DrmDevice,
  fence: DmaFence,
  process: Process,
  label: string,
): Steps<Errno> {
  if (dev.waitsFor(fence, label)) {
    dev.point.interrupt = process;
    yield dev.point;
  }
  return fence.signaled ? 0 : -ERESTARTSYS;
}

/** Waits until something holds (`wait_event_interruptible`), or a signal ends the wait. @returns 0, or -ERESTARTSYS */
export function* waitUntilInterruptible(
  dev: DrmDevice,
  until: () => boolean,
  process: Process,
  label: string,
): Steps<Errno> {
  if (dev.waitsUntil(until, label)) {
    dev.point.interrupt = process;
    yield dev.point;
  }
  return until() ? 0 : -ERESTARTSYS;
}

/** Where the kernel could be preempted, or a failure injected: stops only while schedules are explored. */
export function* preempt(dev: DrmDevice, kind: "alloc" | "publish" | "preempt", label: string): Steps<void> {
  if (dev.stopsFor(kind, label)) yield dev.point;
}
