import { describe, expect, it } from "vitest";
import { type Scenario, verifyStates } from "../src/index.ts";
import { hiddenVariable } from "./hidden-variable.ts";
import { scenario } from "./toy-scenario.ts";

describe("states that two schedules meet in", () => {
  it.each([[], ["late-get"], ["no-lock"], ["early-publish"]])("go on alike: %j", (...defects) => {
    const { compared, mistaken } = verifyStates(scenario(defects));
    expect(compared).toBeGreaterThan(200);
    expect(mistaken).toEqual([]);
  });

  it("do not if a part of the state is in a variable", () => {
    const { writes, reads, setup } = hiddenVariable();
    const forgetful: Scenario = {
      ...scenario([]),
      setup,
      actors: [writes(1), writes(2), reads].map((call, i) => ({ name: `T${i}`, calls: [call] })),
    };
    expect(verifyStates(forgetful).mistaken.length).toBeGreaterThan(0);
  });
});
