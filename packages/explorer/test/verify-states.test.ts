import { preempt } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { type Call, type Scenario, verifyStates } from "../src/index.ts";
import { scenario } from "./toy-scenario.ts";

describe("states that two schedules meet in", () => {
  it.each([[], ["late-get"], ["no-lock"], ["early-publish"]])("go on alike: %j", (...defects) => {
    const { compared, mistaken } = verifyStates(scenario(defects));
    expect(compared).toBeGreaterThan(200);
    expect(mistaken).toEqual([]);
  });

  it("do not if a part of the state is in a variable", () => {
    let hidden = 0;
    const writes = (value: number): Call => ({
      label: `writes ${value}`,
      *run({ machine: { dev } }) {
        yield* preempt(dev, "preempt", "before");
        hidden = value;
        return 0;
      },
    });
    const reads: Call = {
      label: "reads",
      *run({ machine: { dev } }) {
        yield* preempt(dev, "preempt", "before");
        return hidden;
      },
    };
    const forgetful: Scenario = {
      ...scenario([]),
      setup: () => {
        hidden = 0;
      },
      actors: [writes(1), writes(2), reads].map((call, i) => ({ name: `T${i}`, calls: [call] })),
    };
    expect(verifyStates(forgetful).mistaken.length).toBeGreaterThan(0);
  });
});
