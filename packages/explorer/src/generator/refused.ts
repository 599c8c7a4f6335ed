import { choiceOf } from "../engine/choice.ts";
import type { Slot } from "../engine/slot.ts";
import { World } from "../engine/world.ts";
import type { Actor, Scenario } from "../scenario/scenario.ts";

/** Steps after which a call that is not over is not one that is refused. */
const FEW = 1000;

/** Whether the driver refuses everything that an actor asks for when nobody else is there: an errno, and no step but its own. */
export function refusesAlone(scenario: Scenario, actor: Actor): boolean {
  const world = new World({ ...scenario, sometimes: {}, actors: [actor] });
  const slot = world.slots[0] as Slot;
  for (let n = 0; n < FEW && world.violation === null && !slot.idle; n++) {
    if (!slot.ready()) return false;
    world.step(choiceOf(0));
  }
  const answers = world.returned[0] as readonly unknown[];
  return (
    world.violation === null &&
    answers.length === actor.calls.length &&
    answers.every((answer) => typeof answer === "number" && answer < 0)
  );
}
