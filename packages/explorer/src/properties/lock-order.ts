import type { Machine } from "@gpuvm/drm-model";
import type { Choice } from "../engine/choice.ts";
import type { Violation } from "./violation.ts";

/** Classes of locks that are taken in an order that has a circle, over all schedules of a search. */
export interface Inversion {
  /** As a property that does not hold. */
  readonly violation: Violation;
  /** A schedule for each order of two locks on the circle. */
  readonly schedules: readonly (readonly Choice[])[];
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
  watch({ dev }: Machine): void {
    const { lockdep } = dev;
    if (lockdep === null) return;
    lockdep.onOrder = (before, after) => {
      if (this.#after.get(before)?.has(after) !== true) this.#fresh.push([before, after]);
    };
  }

  /** Whether the last step took locks in an order that no schedule had before. */
  get news(): boolean {
    return this.#fresh.length > 0;
  }

  /** Joins what the last step of a schedule has shown to what is known. */
  join(schedule: readonly Choice[]): void {
    for (const [before, after] of this.#fresh) this.add(before, after, schedule.slice());
    this.#fresh.length = 0;
  }

  /** What the last step has shown does not count. */
  drop(): void {
    this.#fresh.length = 0;
  }

  /** An order was seen. */
  add(before: string, after: string, schedule: readonly Choice[]): void {
    const known = this.#after.get(before) ?? new Map<string, readonly Choice[]>();
    if (!known.has(after)) this.#after.set(before, known.set(after, schedule));
  }

  /** Every order seen: two classes, and the schedule that showed it. */
  pairs(): [before: string, after: string, schedule: readonly Choice[]][] {
    const out: [string, string, readonly Choice[]][] = [];
    for (const [before, known] of this.#after)
      for (const [after, schedule] of known) out.push([before, after, schedule]);
    return out;
  }

  /** The circles, whatever the order was in which they were seen: one for each set of classes that lead to each other. */
  inversions(): Inversion[] {
    const done = new Set<string>();
    const out: Inversion[] = [];
    for (const first of [...this.#after.keys()].sort()) {
      if (done.has(first)) continue;
      const circle = this.#way(first, first);
      if (circle === null) continue;
      for (const name of circle) done.add(name);
      const schedules = circle.map(
        (name, i) => this.#after.get(name)?.get(circle[(i + 1) % circle.length] as string) ?? [],
      );
      const message =
        circle.length === 1
          ? `${first} is taken while another ${first} is held, in no fixed order`
          : `${[...circle.slice(1), first].map((after, i) => `${after} is taken while ${circle[i]} is held`).join("; in another schedule ")}`;
      out.push({ violation: { kind: "LOCK_ORDER", message }, schedules });
    }
    return out;
  }

  /** The shortest way from a class to another one, both included but the last; null: there is none. */
  #way(from: string, to: string): string[] | null {
    const seen = new Set<string>();
    let ways: string[][] = [[from]];
    while (ways.length > 0) {
      const longer: string[][] = [];
      for (const way of ways) {
        for (const next of [...(this.#after.get(way.at(-1) as string)?.keys() ?? [])].sort()) {
          if (next === to) return way;
          if (seen.has(next)) continue;
          seen.add(next);
          longer.push([...way, next]);
        }
      }
      ways = longer;
    }
    return null;
  }
}
