import type { Choice } from "./choice.ts";
import type { Violation } from "./violation.ts";
import type { World } from "./world.ts";

/** Two orders of the same locks, each seen in a schedule of its own. */
export interface Inversion {
  /** As a property that does not hold. */
  readonly violation: Violation;
  /** The schedules in which the other locks of the circle are taken in the other order. */
  readonly others: readonly (readonly Choice[])[];
}

/**
 * In which order classes of locks are taken, over all schedules of a search. A run sees a circle only if it goes
 * through the whole of it; two threads that take two locks in different orders deadlock as well if no schedule does
 * both.
 */
export class LockOrder {
  /** By class, the classes that were taken while it was held, each with the first schedule that did so. */
  readonly #after = new Map<string, Map<string, readonly Choice[]>>();
  readonly #fresh: (readonly [before: string, after: string])[] = [];

  /** Looks at the locks that a run takes from now on. */
  watch(world: World): void {
    const { lockdep } = world.machine.dev;
    if (lockdep === null) return;
    lockdep.onOrder = (before, after) => {
      if (this.#after.get(before)?.has(after) !== true) this.#fresh.push([before, after]);
    };
  }

  /** Whether the last step took locks in an order that no schedule had before. */
  get news(): boolean {
    return this.#fresh.length > 0;
  }

  /** Joins what the last step of a schedule has shown to what is known; the circles that this closes. */
  join(schedule: readonly Choice[]): Inversion[] {
    const found: Inversion[] = [];
    for (const [before, after] of this.#fresh) {
      const circle = this.#way(after, before);
      if (circle !== null) found.push(inversion(before, after, circle));
      const known = this.#after.get(before) ?? new Map<string, readonly Choice[]>();
      this.#after.set(before, known.set(after, schedule.slice()));
    }
    this.#fresh.length = 0;
    return found;
  }

  /** The schedules that lead from a class to another one, a step each; null: none do. */
  #way(from: string, to: string, seen: Set<string> = new Set()): (readonly Choice[])[] | null {
    seen.add(from);
    for (const [next, schedule] of this.#after.get(from) ?? []) {
      if (next === to) return [schedule];
      const rest = seen.has(next) ? null : this.#way(next, to, seen);
      if (rest !== null) return [schedule, ...rest];
    }
    return null;
  }
}

function inversion(before: string, after: string, others: readonly (readonly Choice[])[]): Inversion {
  const message = `${after} is taken while ${before} is held; in another schedule ${after} is taken first`;
  return { violation: { kind: "LOCK_ORDER", message }, others };
}
