import type { World } from "../engine/world.ts";

/** What schedules came by. */
export class Coverage {
  /** Two calls or workers that stood at two stops at the same time. */
  readonly raced: Set<string> = new Set();
  /** Stops, by the kernel function. */
  readonly stops: Set<string> = new Set();
  /** What calls answered: the operation, and the answer. */
  readonly answers: Set<string> = new Set();

  /** A state was reached. */
  state(world: World): void {
    const at: string[] = [];
    for (const { stop } of world.slots) if (stop !== "") at.push(stop);
    for (let i = 0; i < at.length; i++) {
      const one = at[i] as string;
      this.stops.add(one);
      for (let j = i + 1; j < at.length; j++) {
        const two = at[j] as string;
        this.raced.add(one < two ? `${one} x ${two}` : `${two} x ${one}`);
      }
    }
    for (const [i, results] of world.results.entries()) {
      for (const [c, result] of results.entries()) {
        const label = world.slots[i]?.actor?.calls[c]?.label.split(" ")[0];
        if (typeof result === "number") this.answers.add(`${label} ${result < 0 ? result : "done"}`);
      }
    }
  }

  /** Adds what another one has seen. */
  join(other: Record<keyof Pick<Coverage, "raced" | "stops" | "answers">, readonly string[]>): void {
    for (const pair of other.raced) this.raced.add(pair);
    for (const stop of other.stops) this.stops.add(stop);
    for (const answer of other.answers) this.answers.add(answer);
  }
}
