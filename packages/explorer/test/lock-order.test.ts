import { Lock, type Steps } from "@gpuvm/core";
import { lock, preempt, unlock } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { type Call, type Scenario, type ScenarioRun, search } from "../src/index.ts";
import { toy } from "./toy.ts";

/** Takes two locks one inside the other, if nobody else was here before. */
function takes(first: string, second: string): Call {
  return {
    label: `${first}, then ${second}`,
    *run({ machine: { dev }, bag }: ScenarioRun): Steps<number> {
      yield* preempt(dev, "preempt", "begin");
      if (bag.has("somebody was here")) return 0;
      bag.set("somebody was here", true);
      const [outer, inner] = [bag.get(first), bag.get(second)] as [Lock, Lock];
      yield* lock(dev, outer, "outer");
      yield* lock(dev, inner, "inner");
      unlock(dev, inner);
      unlock(dev, outer);
      return 0;
    },
  };
}

function scenario(...calls: readonly Call[]): Scenario {
  return {
    name: "two locks",
    about: "each run takes them in one order only",
    variant: toy,
    setup({ machine: { dev }, bag }) {
      for (const name of ["A", "B", "C"]) bag.set(name, new Lock(name, name, dev.lockdep));
    },
    actors: calls.map((call, i) => ({ name: `T${i + 1}`, calls: [call] })),
  };
}

describe("the order of locks", () => {
  it.each(["bfs", "dfs"] as const)("is joined over all schedules of a search: %s", (order) => {
    const { findings } = search(scenario(takes("A", "B"), takes("B", "A")), { order });
    expect(findings.map((f) => f.violation.kind)).toEqual(["LOCK_ORDER"]);
    const [finding] = findings;
    const schedules = [finding?.schedule ?? [], ...(finding?.others ?? [])];
    expect(schedules.map((schedule) => schedule.at(-1)).sort()).toEqual([0, 1]);
  });

  it("is a circle over three schedules, too", () => {
    const { findings } = search(scenario(takes("A", "B"), takes("B", "C"), takes("C", "A")), {
      order: "dfs",
    });
    expect(findings.map((f) => f.others?.length)).toEqual([2]);
  });

  it("is no finding where all take them alike", () => {
    expect(search(scenario(takes("A", "B"), takes("A", "B")), { order: "dfs" }).findings).toEqual([]);
  });
});
