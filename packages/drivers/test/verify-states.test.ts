import { standardScopes, verifyStates } from "@gpuvm/explorer";
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

/** Meetings of schedules that are compared in each scope. */
const MOST = 60;

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
