import { DrmDevice, Ledger, type Lock, Lockdep } from "@gpuvm/core";
import type { Request } from "./request.ts";

/** The members of an answer, as they stand in a line. */
export type Answer = Record<string, unknown>;

/** One kind of line. */
export interface Op<S> {
  /** The members that ask; all others answer. */
  readonly request: readonly string[];
  /** Does it, and answers. */
  run(session: S, request: Request): Answer;
}

/** What a replay checks besides the answers. */
export interface SessionOptions {
  /**
   * Runs with every lock rule checked, the locks taken as a driver takes them, and with a named holder for each
   * reference; a VM is taken down properly at the end of its scenario. Slower.
   */
  readonly checks?: boolean;
}

/** A device to replay on. */
export function newDevice(options: SessionOptions): DrmDevice {
  return options.checks ? new DrmDevice({ ledger: new Ledger(), lockdep: new Lockdep() }) : new DrmDevice();
}

/** Runs `fn` with the locks held, each once, in this order. Without lock checks they are not taken. */
export function locked<T>(dev: DrmDevice, locks: readonly Lock[], fn: () => T): T {
  if (dev.lockdep === null) return fn();
  const taken = [...new Set(locks)];
  for (const lock of taken) lock.acquire(dev.current);
  try {
    return fn();
  } finally {
    for (const lock of taken.reverse()) lock.release(dev.current);
  }
}
