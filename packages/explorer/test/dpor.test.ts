import { List, ListNode, Lock } from "@gpuvm/core";
import { Kref, lock, preempt, unlock } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { type Call, countSchedules, dpor, type Scenario, type ScenarioRun, search } from "../src/index.ts";
import { toy } from "./toy.ts";
import { scenario } from "./toy-scenario.ts";

const DEFECTS = ["", "dropped-put", "late-get", "no-drain", "early-free", "no-lock"];
const keys = (result: { findings: readonly { key: string }[] }) => result.findings.map((f) => f.key).sort();

describe("one schedule of each kind", () => {
  it.each(DEFECTS)(
    "shows what all schedules show: %s",
    (defect) => {
      const naive = search(scenario([defect], false), { order: "dfs", states: false });
      const reduced = dpor(scenario([defect], false), {});
      expect(naive.bound).toBeNull();
      expect(reduced.bound).toBeNull();
      expect(keys(reduced)).toEqual(keys(naive));
      expect(reduced.runs).toBeLessThan(naive.runs);
    },
    60_000,
  );

  it.each(DEFECTS)("shows what all states show, failures injected: %s", (defect) => {
    const states = search(scenario([defect]), { order: "dfs", failures: 1 });
    const reduced = dpor(scenario([defect]), { failures: 1 });
    expect(reduced.bound).toBeNull();
    expect(keys(reduced)).toEqual(keys(states));
  });

  it("is a tenth of three actors' schedules, at most", () => {
    const { runs } = dpor(scenario([]), {});
    expect(countSchedules(scenario([])) / BigInt(runs)).toBeGreaterThan(10n);
  });

  it("says when a bound was hit", () => {
    expect(dpor(scenario([]), { maxSteps: 50 }).bound).toBe("50 steps");
  });
});

describe("a reduction that takes too much for independent", () => {
  it("misses what is there", () => {
    for (const defect of ["late-get", "no-lock"]) {
      const { findings } = dpor(scenario([defect], false), { depends: () => false });
      expect(findings).toEqual([]);
    }
  });
});

/** What two actors do once each, to the same objects. */
function twice(...deeds: readonly ((world: ScenarioRun) => void)[]): Scenario {
  const call = (deed: (world: ScenarioRun) => void): Call => ({
    label: "deed",
    *run(world) {
      yield* preempt(world.machine.dev, "preempt", "before");
      deed(world);
      return 0;
    },
  });
  return {
    name: "twice",
    about: "two steps",
    variant: toy,
    setup({ machine: { dev }, bag }) {
      const kref = new Kref(dev, "thing", "creator", () => {});
      for (let i = 0; i < 3; i++) kref.get("more");
      bag.set("kref", kref);
      bag.set("other", new Kref(dev, "other", "creator", () => {}));
      bag.set("list", new List<object>());
      bag.set("map", new Map());
      bag.set("array", [1, 2]);
    },
    actors: deeds.map((deed, i) => ({ name: `T${i + 1}`, calls: [call(deed)] })),
    allow: { leak: "references are counted, and who keeps them is not looked at" },
  };
}

const of = <T>(world: ScenarioRun, name: string) => world.bag.get(name) as T;
const get = (w: ScenarioRun) => of<Kref>(w, "kref").get("more");
const put = (w: ScenarioRun) => void of<Kref>(w, "kref").put("more");
const look = (w: ScenarioRun) => void of<Kref>(w, "kref").refs;
const push = (w: ScenarioRun) => of<List<object>>(w, "list").push(new ListNode<object>({}));
const set = (key: number) => (w: ScenarioRun) => void of<Map<number, number>>(w, "map").set(key, 1);
const drop = (key: number) => (w: ScenarioRun) => void of<Map<number, number>>(w, "map").delete(key);
const read = (key: number) => (w: ScenarioRun) => void of<Map<number, number>>(w, "map").get(key);
const size = (w: ScenarioRun) => void of<Map<number, number>>(w, "map").size;
const first = (w: ScenarioRun) => void of<number[]>(w, "array")[0];
const append = (w: ScenarioRun) => void of<number[]>(w, "array").push(3);

describe("dependence", () => {
  it.each([
    ["two gets", get, get, 1],
    ["two puts", put, put, 2],
    ["a get and a put", get, put, 2],
    ["a look and a put", look, put, 2],
    ["a look and a get", look, get, 2],
    ["two looks", look, look, 1],
    ["puts of two things", put, (w: ScenarioRun) => void of<Kref>(w, "other").put("creator"), 1],
    ["two changes of a list", push, push, 2],
    ["a list and a count", push, put, 1],
    ["two keys put into a map: one is first in it", set(1), set(2), 2],
    ["two keys taken out of a map", drop(1), drop(2), 1],
    ["a key looked at, another one put in", read(1), set(2), 1],
    ["a key looked at, and put in", read(1), set(1), 2],
    ["a map counted, and a key taken out", size, drop(1), 2],
    ["two looks at an array", first, first, 1],
    ["a look at an array, and an element more", first, append, 2],
  ])("%s", (_, one, other, kinds) => {
    expect(dpor(twice(one, other), {}).runs).toBe(kinds);
  });

  it.each([
    ["the same lock", "A", 2],
    ["two locks", "B", 1],
  ])("of %s", (_, name, kinds) => {
    const takes = (which: string): Call => ({
      label: which,
      *run({ machine: { dev }, bag }) {
        const wanted = bag.get(which) as Lock;
        yield* lock(dev, wanted, "lock");
        yield* preempt(dev, "preempt", "locked");
        unlock(dev, wanted);
        return 0;
      },
    });
    const locks: Scenario = {
      ...twice(),
      setup: ({ machine: { dev }, bag }) => {
        for (const cls of ["A", "B"]) bag.set(cls, new Lock(cls, cls, dev.lockdep));
      },
      actors: ["A", name].map((which, i) => ({ name: `T${i + 1}`, calls: [takes(which)] })),
    };
    expect(dpor(locks, {}).runs).toBe(kinds);
  });
});
