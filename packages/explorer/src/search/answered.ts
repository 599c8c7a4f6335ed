import type { World } from "../engine/world.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** Kinds of calls of a scenario that were never done: a search in which each is refused has shown nothing of them. */
export class Answered {
  /** Those of which each was refused so far: the first word of their labels. */
  readonly #refused: Set<string>;

  /** Nothing is done yet. */
  constructor(scenario: Scenario) {
    const labels = scenario.actors.flatMap(({ calls }) =>
      calls.filter((call) => call.refused !== true).map(({ label }) => kindOf(label)),
    );
    this.#refused = new Set(labels);
  }

  /** A step was taken. */
  look(world: World): void {
    if (this.#refused.size === 0) return;
    for (const [i, results] of world.returned.entries()) {
      for (const [c, result] of results.entries()) {
        const label = world.scenario.actors[i]?.calls[c]?.label;
        if (label !== undefined && !(typeof result === "number" && result < 0))
          this.#refused.delete(kindOf(label));
      }
    }
  }

  /** Kinds of which each call was refused so far. */
  get refused(): readonly string[] {
    return [...this.#refused];
  }

  /** Somebody else has seen only these refused. */
  join(refused: readonly string[]): void {
    for (const kind of this.#refused) if (!refused.includes(kind)) this.#refused.delete(kind);
  }

  /** What was never done, in words. */
  get missing(): string[] {
    return [...this.#refused].map((kind) => `a ${kind} that is not refused`);
  }
}

function kindOf(label: string): string {
  return label.split(" ", 1)[0] as string;
}
