import { standardScopes, verify, verifyStates, verifyUndo, World } from "@gpuvm/explorer";
import { describe, expect, it } from "vitest";
import { subjectNamed } from "../src/subjects.ts";

const POLICIES = [
  "msm:soft",
  "msm:vm-bind",
  "nouveau:vm-bind",
  "xe:mainline",
  "panthor:mainline",
  "powervr:mainline",
];

/** Steps that are taken back and looked at in each scope; those that fail come right behind those that do not. */
const STEPS = 40;

/** Meetings of schedules that are compared in each scope. */
const MOST = 8;

describe.each(POLICIES)("states of %s that two schedules meet in", (policy) => {
  it.each(
    standardScopes(subjectNamed(policy).variant).map((scenario) => ({ name: scenario.name, scenario })),
  )(
    "go on alike: $name",
    ({ scenario }) => {
      expect(verifyStates(scenario, { most: MOST }).mistaken).toEqual([]);
    },
    60_000,
  );
});

describe.each(POLICIES)("steps of %s", (policy) => {
  it.each(
    standardScopes(subjectNamed(policy).variant).map((scenario) => ({ name: scenario.name, scenario })),
  )("leave nothing when they are taken back, and a fresh run comes to the same: $name", ({ scenario }) => {
    const { undone, left, other, mistaken } = verifyUndo(scenario, { most: STEPS, failures: 1, every: 3 });
    if (scenario.actors.length > 1) expect(undone).toBeGreaterThan(0);
    expect({ left, other, mistaken }).toEqual({ left: [], other: [], mistaken: [] });
  });
});

describe("what the order of a search must not decide", () => {
  const scopes = standardScopes(subjectNamed("powervr:mainline").variant);
  const [scope] = scopes.filter(({ name }) => name === "queue-vs-submit");
  if (scope === undefined) throw new Error("no such scope");

  it("no row of a VM is used again, of those that the driver makes by itself either", () => {
    const { machine } = new World(scope);
    expect(machine.vms.length).toBeGreaterThan(1);
    expect(machine.vms.map(({ vm }) => vm.vas.quarantine)).not.toContain(false);
  });

  it("a row that the setup gave back is like any other", () => {
    const { differs, whole } = verify(scope, { plainSteps: 100, meetings: 10, undone: 50 });
    expect(whole).toContain("reversed");
    expect(differs).toEqual([]);
  });
});
