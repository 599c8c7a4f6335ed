import { GpuvmError } from "./error.ts";
import type { Lock, LockChecks } from "./lock.ts";
import type { HeldLock, Task } from "./task.ts";

/** Class name of every dma_resv: ww-mutexes, so several may be held at once, in any order, under one ticket. */
export const RESV_CLASS = "dma_resv";
/** Class name of every `gem.gpuva.lock`. */
export const GPUVA_CLASS = "gpuva";

/**
 * The locking rules as checks, as a kernel built with `CONFIG_LOCKDEP` has them: asserted locks are held, the order
 * between lock classes has no cycle over everything seen so far, and contexts are kept (`might_sleep`,
 * `dma_fence_begin_signalling`). Without one on the device nothing is checked and nothing is paid.
 */
export class Lockdep implements LockChecks {
  /** Told of two classes when the second is first taken while the first is held. */
  onOrder: ((before: string, after: string) => void) | null = null;
  /** A circle is no error here: every order is told, and whoever is told finds circles over more than one run. */
  tellsAll = false;
  readonly #after = new Map<string, Set<string>>();

  /**
   * The caller must hold `lock` (`lockdep_assert_held`).
   *
   * @throws GpuvmError `LOCK_NOT_HELD`
   */
  assertHeld(task: Task, lock: Lock, where: string): void {
    if (lock.owner === task) return;
    const by = lock.owner === null ? "nobody holds it" : `${lock.owner.name} holds it`;
    throw new GpuvmError(
      "LOCK_NOT_HELD",
      `${where} needs ${lock.name}, but ${by}: ${task.name} must take it first`,
      [lock.name],
    );
  }

  /**
   * The caller must not hold `lock`: the function takes it, or a class ordered before it, itself.
   *
   * @throws GpuvmError `LOCK_HELD`
   */
  assertNotHeld(task: Task, lock: Lock, where: string): void {
    if (lock.owner !== task) return;
    throw new GpuvmError(
      "LOCK_HELD",
      `${where} takes ${lock.name} itself: ${task.name} must let go of it first`,
      [lock.name],
    );
  }

  /**
   * The caller may sleep and allocate (`might_sleep`, `fs_reclaim_acquire`).
   *
   * @throws GpuvmError `LOCK_CONTEXT`
   */
  mightSleep(task: Task, where: string): void {
    if (task.context === "process") return;
    throw new GpuvmError(
      "LOCK_CONTEXT",
      `${where} may sleep or free memory, but ${task.name} runs in ${task.context} context`,
    );
  }

  /** Called by a lock that is being taken: checks order and context. */
  acquire(task: Task, lock: Lock, tried: boolean): void {
    if (!tried) {
      if (task.context === "signalling" && lock.cls === RESV_CLASS) {
        throw new GpuvmError(
          "LOCK_CONTEXT",
          `${task.name} takes ${lock.name} in the fence-signalling path: its holders may wait for that fence`,
          [lock.name],
        );
      }
      if (task.context === "atomic" || (task.context === "reclaim" && lock.cls === RESV_CLASS)) {
        throw new GpuvmError(
          "LOCK_CONTEXT",
          `${task.name} sleeps on ${lock.name} in ${task.context} context: try-lock it`,
          [lock.name],
        );
      }
      for (const held of task.held) this.#order(held, lock, task);
    }
    task.held.push(lock);
  }

  /** Called by a lock that is let go. */
  release(task: Task, lock: Lock): void {
    const at = task.held.lastIndexOf(lock);
    if (at >= 0) task.held.splice(at, 1);
  }

  /** The order seen so far, as `before -> after` pairs, sorted. */
  order(): string[] {
    const out: string[] = [];
    for (const [before, set] of this.#after) for (const after of set) out.push(`${before} -> ${after}`);
    return out.sort();
  }

  #order(held: HeldLock, lock: Lock, task: Task): void {
    if (held.cls === lock.cls && lock.cls === RESV_CLASS) return;
    const after = this.#after.get(held.cls);
    if (after?.has(lock.cls) === true) return;
    if (!this.tellsAll && this.#reaches(lock.cls, held.cls)) {
      throw new GpuvmError(
        "LOCK_ORDER",
        `${task.name} takes ${lock.name} (${lock.cls}) while it holds ${held.name} (${held.cls}); elsewhere ${lock.cls} is taken first`,
        [held.name, lock.name],
      );
    }
    if (after === undefined) this.#after.set(held.cls, new Set([lock.cls]));
    else after.add(lock.cls);
    this.onOrder?.(held.cls, lock.cls);
  }

  #reaches(from: string, to: string): boolean {
    if (from === to) return true;
    for (const next of this.#after.get(from) ?? []) if (this.#reaches(next, to)) return true;
    return false;
  }
}
