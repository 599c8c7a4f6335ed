import { describe, expect, it } from "vitest";
import {
  ask,
  blocksOf,
  type Call,
  closeFile,
  countSchedules,
  formatSchedule,
  formatStory,
  formatToken,
  parseSchedule,
  parseToken,
  runLoosely,
  type Scenario,
  sample,
  search,
  shortest,
  shrinkSchedule,
  tell,
  violationKey,
} from "../src/index.ts";
import { bind, map, scenario, unmap } from "./toy-scenario.ts";

const DEFECTS: readonly (readonly [string, string])[] = [
  ["dropped-put", "leak"],
  ["late-get", "USE_AFTER_FREE"],
  ["no-drain", "leak"],
  ["early-free", "stale-pte"],
  ["no-lock", "NOT_LINKED"],
];

describe("search", () => {
  it("goes through a correct driver to the end without a finding, failures injected", () => {
    const result = search(scenario([]), { order: "dfs", failures: 1 });
    expect(result.findings).toEqual([]);
    expect(result.bound).toBeNull();
    expect(result.unreached).toEqual([]);
  });

  it.each(DEFECTS)("finds the planted defect %s", (defect, kind) => {
    const finding = shortest(scenario([defect]), { failures: 1 });
    expect(finding?.violation.kind).toBe(kind);
    expect(blocksOf(finding?.schedule ?? []).length).toBeLessThanOrEqual(6);
  });

  it.each([[], ...DEFECTS.map(([defect]) => [defect])])(
    "comes to the same states in either order: %j",
    (...d) => {
      const bfs = search(scenario(d), { order: "bfs", failures: 1 });
      const dfs = search(scenario(d), { order: "dfs", failures: 1 });
      expect(dfs.states).toBe(bfs.states);
      expect(dfs.transitions).toBe(bfs.transitions);
      expect(dfs.findings.map((f) => f.key).sort()).toEqual(bfs.findings.map((f) => f.key).sort());
    },
  );

  it.each([[], ...DEFECTS.map(([defect]) => [defect])])(
    "finds what all schedules find: %j",
    (...d) => {
      const naive = search(scenario(d, false), { order: "dfs", states: false, failures: 0 });
      const reduced = search(scenario(d, false), { order: "dfs", failures: 0 });
      expect(naive.bound).toBeNull();
      expect(reduced.findings.map((f) => f.key).sort()).toEqual(naive.findings.map((f) => f.key).sort());
      expect(naive.transitions / reduced.transitions).toBeGreaterThan(5);
    },
    60_000,
  );

  it("counts the schedules that all of them are", () => {
    const naive = search(scenario([], false), { order: "dfs", states: false });
    expect(countSchedules(scenario([], false))).toBe(BigInt(naive.runs));
  }, 60_000);

  it("runs a tenth of three actors' schedules, at most", () => {
    const { transitions } = search(scenario([]), { order: "dfs" });
    expect(countSchedules(scenario([])) / BigInt(transitions)).toBeGreaterThan(10n);
  });

  it("says when a bound was hit, and when a witness was never reached", () => {
    const few = search(scenario([]), { order: "dfs", maxSteps: 50 });
    expect(few.bound).toBe("50 steps");
    expect(search(scenario([]), { order: "bfs", maxBytes: 100 }).bound).toBe("100 bytes of states");
    const never = search({ ...scenario([]), sometimes: { never: () => false } }, { order: "dfs" });
    expect(never.unreached).toEqual(["never"]);
  });

  it("says of which calls each was refused, unless they are there for that", () => {
    const nobody = ask(0, { op: "gem_close", bo: 9 });
    const refusing = (call: Call): Scenario => ({
      ...scenario([], false),
      actors: [{ name: "T1", calls: [bind(map(1, 0x1000)), call] }],
      sometimes: {},
    });
    expect(search(refusing(nobody), { order: "dfs" }).unreached).toEqual(["a gem_close that is not refused"]);
    expect(search(refusing({ ...nobody, refused: true }), { order: "dfs" }).unreached).toEqual([]);
  });
});

it("a step that never ends is found, and shown by the way to it", () => {
  const loops: Call = {
    label: "loops",
    *run(world) {
      let n = 0;
      while (world.bag.size >= 0) world.bag.set("n", n++);
      return 0;
    },
  };
  const endless = { ...scenario([], false), sometimes: {} };
  const never = { ...endless, actors: [...endless.actors.slice(0, 1), { name: "T2", calls: [loops] }] };
  const { findings } = search(never, { order: "bfs" });
  expect(findings.map(({ key }) => key)).toEqual([
    "endless: T#: a step that has written # times comes to no end",
  ]);
  const [{ schedule, key } = { schedule: [], key: "" }] = findings;
  expect(shrinkSchedule(never, schedule, key).schedule).toEqual(schedule);
  expect(tell(never, schedule).violation).toBeNull();
});

describe("sample", () => {
  it.each(["random", "pct"] as const)("%s finds, and repeats itself with the same seed", (method) => {
    const options = { method, seed: 7, runs: 2000, stopAtFirst: true } as const;
    const [one, two] = [sample(scenario(["late-get"]), options), sample(scenario(["late-get"]), options)];
    expect(one.findings).toHaveLength(1);
    expect(two).toEqual(one);
    const other = sample(scenario(["late-get"]), { ...options, seed: 8 });
    expect(other.findings[0]?.key).toBe(one.findings[0]?.key);
  });
});

describe("counterexamples", () => {
  it("are shrunk to what is needed", () => {
    const found = sample(scenario(["late-get"]), {
      method: "random",
      seed: 7,
      runs: 2000,
      stopAtFirst: true,
    });
    const [finding] = found.findings;
    const {
      schedule,
      dropped,
      scenario: rest,
    } = shrinkSchedule(scenario(["late-get"]), finding?.schedule ?? [], finding?.key ?? "");
    expect(blocksOf(schedule)).toHaveLength(3);
    expect(dropped.length).toBeGreaterThanOrEqual(3);
    const again = runLoosely(rest, schedule).world.violation;
    expect(again === null ? "" : violationKey(again)).toBe(finding?.key);
  });

  it("are written as a word and read back", () => {
    const token = {
      scenario: "toy:x+late-get/y",
      dropped: [{ actor: 1, call: 0 }],
      schedule: [0, 0, 1, 257, 255],
    };
    expect(formatToken(token)).toBe("toy:x+late-get/y~b0@a2.b1.bx1.T1");
    expect(parseToken(formatToken(token))).toEqual(token);
    expect(parseToken("nonsense")).toBeNull();
    expect(parseSchedule("a0")).toBeNull();
    expect(formatSchedule([])).toBe("");
  });

  it("are told as a table", () => {
    const finding = shortest(scenario(["late-get"]), {});
    const shrunk = shrinkSchedule(scenario(["late-get"]), finding?.schedule ?? [], finding?.key ?? "");
    expect(formatStory(tell(shrunk.scenario, shrunk.schedule))).toMatchSnapshot();
  });
});

describe("whole calls", () => {
  it("must look atomic where the uAPI promises it", () => {
    const twice: Scenario = {
      ...scenario([]),
      name: "atomic",
      atomic: true,
      sometimes: {},
      actors: [
        { name: "T1", calls: [ask(0, { op: "vm_bind", vm: 1, ops: [map(1, 0x1000), map(1, 0x2000)] })] },
        { name: "T2", calls: [ask(0, { op: "vm_bind", vm: 1, ops: [unmap(0x1000), unmap(0x2000)] })] },
      ],
    };
    const result = search(twice, { order: "bfs" });
    expect(result.findings.map((f) => f.violation.kind)).toEqual(["not-atomic"]);
    const one: Scenario = {
      ...twice,
      actors: [
        { name: "T1", calls: [bind(map(1, 0x1000))] },
        { name: "T2", calls: [bind(unmap(0x1000))] },
      ],
    };
    expect(search(one, { order: "bfs" }).findings).toEqual([]);
    expect(
      search({ ...one, actors: [...one.actors, { name: "T3", calls: [closeFile(0)] }] }, { order: "bfs" })
        .bound,
    ).toBeNull();
  });
});
