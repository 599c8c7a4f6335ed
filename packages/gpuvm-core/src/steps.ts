import type { DmaFence } from "./fence.ts";
import type { Lock } from "./lock.ts";

/**
 * Why a call stopped: `lock` before taking a lock, `wait` for a fence or a condition, `alloc` before an allocation
 * that may fail, `publish` around making an id visible to userspace, `preempt` anywhere else.
 */
export type PointKind = "lock" | "wait" | "alloc" | "publish" | "preempt";

/** A program, as a wait knows it that signals end. */
export interface Interruptible {
  /** A signal is pending that it does not survive. */
  readonly killed: boolean;
}

/** Where a call stopped. One object per device, refilled for each stop: read it before resuming. */
export class Point {
  /** Why it stopped. */
  kind: PointKind = "preempt";
  /** The lock it is about to take (kind `lock`). It may be resumed only when that is free. */
  lock: Lock | null = null;
  /** The fence it waits for (kind `wait`), or null. */
  fence: DmaFence | null = null;
  /** A condition it waits for (kind `wait` without a fence), or null. */
  until: (() => boolean) | null = null;
  /** Who makes the call, where a signal ends the wait; null: none does. */
  interrupt: Interruptible | null = null;
  /** The kernel function or the step, for people. */
  label = "";
}

/**
 * A call that can stop: a generator that yields the device's {@link Point} where the kernel could be preempted or
 * must wait, and returns the call's result. Outside of exploration it yields only where it really must wait.
 */
export type Steps<T> = Generator<Point, T, void>;

function* nothing(): Steps<void> {}

/**
 * Whether this is the copy in which calls are plain functions: a `Steps<T>` is a `T` there, and who must wait waits in
 * `DrmDevice.pass`. See `@gpuvm/core/straight`.
 */
export const STRAIGHT: boolean = nothing() === undefined;
