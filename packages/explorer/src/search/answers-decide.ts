import { World } from "../engine/world.ts";
import type { Scenario } from "../scenario/scenario.ts";

/** Whether somebody asks what calls returned, as far as the scenario shows at its beginning: then it is part of the state. */
export function answersDecide(scenario: Scenario): boolean {
  const { check, checkAtEnd, atomic, sometimes = {} } = scenario;
  if (check !== undefined || checkAtEnd !== undefined || atomic === true) return true;
  const witnesses = Object.values(sometimes);
  if (witnesses.length === 0) return false;
  let asked = false;
  const world = new World(scenario, null, null, undefined, () => {
    asked = true;
  });
  if (world.violation === null) for (const witness of witnesses) witness(world);
  return asked;
}
