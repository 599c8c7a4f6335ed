import { EINVAL } from "@gpuvm/core";
import { type DriverPackage, type DriverVariant, DrmFile } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import { policyConformance, SCENARIOS, type TestRunner } from "../src/index.ts";

/** A driver that refuses everything. */
const refusing: DriverVariant = {
  policy: {
    driver: "refusing",
    variant: "only",
    models: "nothing",
    boOwnership: "hard",
    edges: [],
    teardown: [],
    capabilities: [],
  },
  userspace: { speaks: () => false, lift: () => () => [], lower: () => (request) => [request as never] },
  start: (machine) => ({
    policy: refusing.policy,
    open: (id) => new DrmFile(machine, id),
    *ioctl() {
      return -EINVAL;
    },
    *release() {},
    *unload() {},
  }),
};
const driver: DriverPackage = { name: "refusing", variants: { only: refusing }, defaultVariant: "only" };

/** Runs a suite, and answers which of its tests fail. */
function failing(suite: (runner: TestRunner) => void): string[] {
  const failed: string[] = [];
  const test = (name: string, body: () => void) => {
    try {
      body();
    } catch {
      failed.push(name);
    }
  };
  suite({ describe: (_, body) => body(), it: Object.assign(test, { fails: test }), expect });
  return failed;
}

describe("the suite that every policy passes", () => {
  it("does not take a driver that refuses everything for one that does it right", () => {
    const failed = failing((runner) => policyConformance(driver, runner));
    expect(failed).toEqual(SCENARIOS.map(({ key }) => `${key}: reaches what it is about`));
  });
});
