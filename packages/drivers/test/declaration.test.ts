import type { ReferencePolicy } from "@gpuvm/core";
import type { DriverVariant } from "@gpuvm/drm-model";
import { declarationGaps } from "@gpuvm/policy-testkit";
import { describe, expect, it } from "vitest";
import { DRIVERS, subjectNamed } from "../src/subjects.ts";

/** What only programs with render targets come to. */
const TILER = [
  "file -> free_list",
  "file -> hwrt",
  "free_list -> BO",
  "hwrt -> BO",
  "hwrt -> free_list",
  "submit -> hwrt",
];

/** Counted edges that the kit's programs do not come to, each with the reason. One that is reached must go from here. */
const UNREACHED: Readonly<Record<string, readonly string[]>> = {
  // Only opted-in programs have bind jobs.
  "msm:soft": ["BO -> r_obj", "bind_job -> BO", "bind_job -> queue"],
  "msm:mainline": ["BO -> r_obj", "bind_job -> BO", "bind_job -> queue"],
  "msm:split": ["BO -> r_obj", "bind_job -> BO", "bind_job -> queue"],
  // Opted-in programs list no buffers.
  "msm:vm-bind": ["submit -> BO", "submit -> vm_bo"],
  // Not through the books: a count of its own in each mapping, and a fence that a mapping remembers.
  "nouveau:legacy": ["VA -> fence", "handle -> VA"],
  // Preempt fences of long-running VMs.
  "xe:mainline": ["fence -> queue"],
  // Tiler heaps; CPU mappings, for which 7.x's dummy of sparse mappings stands in.
  "panthor:mainline": ["VM -> heap_pool", "heap_pool -> BO", "heap_pool -> VM"],
  "panthor:6.19": ["VM -> heap_pool", "file -> BO", "heap_pool -> BO", "heap_pool -> VM"],
  "panthor:6.12": ["VM -> heap_pool", "file -> BO", "heap_pool -> BO", "heap_pool -> VM"],
  // Free lists and render targets: neutral programs draw nothing.
  "powervr:mainline": TILER,
  "powervr:6.11": TILER,
};

const NONE = { undeclared: [], nameless: [], events: [] };

const ALL = DRIVERS.flatMap(({ name, variants }) =>
  Object.entries(variants).map(([variant, of]) => ({ name: `${name}:${variant}`, of })),
);

describe("what a policy declares is what its driver does", () => {
  it.each(ALL)("$name", ({ name, of }) => {
    expect(declarationGaps(of)).toEqual({ ...NONE, untaken: UNREACHED[name] ?? [] });
  });

  it.each(ALL)("$name with the other ownership", ({ of }) => {
    const { boOwnership } = of.policy;
    const gaps = declarationGaps(of, { boOwnership: boOwnership === "hard" ? "soft" : "hard" });
    expect({ undeclared: gaps.undeclared, nameless: gaps.nameless }).toEqual({
      undeclared: [],
      nameless: [],
    });
  });
});

/** A variant whose code is another's, with an altered declaration. */
function declaring(name: string, alter: (policy: ReferencePolicy) => ReferencePolicy): DriverVariant {
  const { variant } = subjectNamed(name);
  return {
    ...variant,
    start: (machine, options) => {
      const driver = variant.start(machine, options);
      return { ...driver, policy: alter(driver.policy) };
    },
  };
}

describe("a declaration that is not kept is found", () => {
  it("code that takes an edge that is not declared: the pieces of a remap hold the object again", () => {
    const { variant } = subjectNamed("powervr:mainline");
    expect(declarationGaps(variant, { defects: new Set(["P5"]) }).undeclared).toEqual(["VA -> BO"]);
  });

  it("a declaration without an edge that the code takes", () => {
    const without = declaring("xe:mainline", (policy) => ({
      ...policy,
      edges: policy.edges.filter((e) => !(e.from === "vm_bo" && e.to === "BO")),
    }));
    expect(declarationGaps(without).undeclared).toEqual(["vm_bo -> BO"]);
  });

  it("a declaration with an edge that the code never takes", () => {
    const edge = { from: "fence", to: "BO", kind: "counted", span: "never", source: "nowhere" } as const;
    const withMore = declaring("panthor:6.19", (policy) => ({ ...policy, edges: [...policy.edges, edge] }));
    expect(declarationGaps(withMore).untaken).toContain("fence -> BO");
  });

  it("an event that tears down and is not declared, and one that is and does not", () => {
    const silent = declaring("msm:mainline", (policy) => ({
      ...policy,
      teardown: policy.teardown.filter(({ id }) => id !== "handle-close"),
    }));
    expect(declarationGaps(silent).events).toEqual(["handle-close tears down, undeclared"]);
    const event = {
      id: "handle-close",
      causedBy: "userspace",
      tearsDown: "",
      waitsFor: null,
      source: "",
    } as const;
    const boasting = declaring("xe:mainline", (policy) => ({
      ...policy,
      teardown: [...policy.teardown, event],
    }));
    expect(declarationGaps(boasting).events).toEqual(["handle-close is declared, and does not tear down"]);
  });
});
