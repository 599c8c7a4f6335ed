import { World } from "../engine/world.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** Whether somebody is sure to ask what calls returned, at the end: then it is part of the state. */
export function answersDecideAtEnd({ check, checkAtEnd, atomic }: Scenario): boolean {
  return check !== undefined || checkAtEnd !== undefined || atomic === true;
}

/** Whether somebody asks what calls returned, as far as the scenario shows at its beginning. */
export function answersDecide(scenario: Scenario): boolean {
  if (answersDecideAtEnd(scenario)) return true;
  const witnesses = Object.values(scenario.sometimes ?? {});
  if (witnesses.length === 0) return false;
  let asked = false;
  const world = new World(scenario, null, null, undefined, () => {
    asked = true;
  });
  if (world.violation === null) for (const witness of witnesses) witness(world);
  return asked;
}
