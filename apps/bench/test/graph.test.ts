import { withOwnership } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import { runWhy } from "../src/commands/why.ts";
import { dotOf } from "../src/graph/dot.ts";
import { knotsOf } from "../src/graph/knot.ts";
import { svgOf } from "../src/graph/svg.ts";
import { statesOf } from "../src/graph/untying.ts";
import { verdictOf } from "../src/graph/verdict.ts";
import { DRIVERS, subjectNamed } from "../src/policies.ts";

const policy = (name: string) => subjectNamed(name).variant.policy;

async function why(
  name: string,
  ownership: "native" | "soft" | "hard" = "native",
): Promise<[number, string]> {
  let text = "";
  const code = await runWhy({ policy: [name], ownership, format: "text", svg: undefined }, (t) => {
    text += t;
  });
  return [code, text];
}

describe("knots", () => {
  it("msm as posted, made hard: the knot that no event unties, in the VMs that no handle reaches", async () => {
    const [code, text] = await why("msm", "hard");
    expect(code).toBe(1);
    expect(text).toMatch(/In the display's VM: NO EVENT UNTIES IT/);
    expect(text).toMatch(/In the kernel's own VMs: NO EVENT UNTIES IT/);
    expect(text).toMatch(/In programs' VMs: untied by\n +the close of a handle/);
  });

  it("msm as posted: nothing in the chain keeps the object alive", () => {
    expect(knotsOf(policy("msm:soft"))).toEqual([]);
    expect(verdictOf(policy("msm:soft")).can).toBe("certain");
  });

  it("msm as merged: the event that unties it in each kind of VM", async () => {
    const [code, text] = await why("msm:mainline");
    expect(code).toBe(0);
    expect(text).toMatch(/the close of a handle \(userspace; waits for every fence/);
    expect(text).toMatch(/In the display's VM: untied by\n +vma_ref reaching 0/);
    expect(text).toMatch(/a mapping made after it is not untied by it/);
  });

  it("powervr before its fix: the loop through a fence and a context, which only the program unties", () => {
    const [, knot] = knotsOf(policy("powervr:6.11"));
    const nodes = knot?.steps.map(({ node }) => node);
    expect(nodes).toEqual(["BO", "vm_bo", "VA", "VM", "context", "fence"]);
    expect(knot && statesOf(policy("powervr:6.11"), knot)[0]?.certainty).toBe("if-asked");
    expect(verdictOf(policy("powervr:6.11")).can).toBe("if-asked");
    expect(verdictOf(policy("powervr:mainline")).can).toBe("certain");
  });

  it("a driver whose mappings do not go with their object cannot hold soft", () => {
    expect(verdictOf(withOwnership(policy("panthor:mainline"), "soft")).can).toBe("never");
    expect(verdictOf(withOwnership(policy("xe:mainline"), "soft")).sentence).toMatch(/^gains nothing/);
  });

  it("says something of its own for every driver", async () => {
    const texts = await Promise.all(DRIVERS.map(({ name }) => why(name)));
    expect(new Set(texts.map(([, text]) => text)).size).toBe(DRIVERS.length);
  });
});

describe("the drawing", () => {
  it("marks a tied knot red, and says on each edge what it is", () => {
    const dot = dotOf(policy("msm:hard-naive"), "hard");
    expect(dot).toContain("knot: counts\\n");
    expect(dot).toContain("never comes: it waits for what it would untie");
    expect(dotOf(policy("msm:mainline"), "hard")).not.toContain('"knot: ');
  });

  it("is the same each time", async () => {
    const first = await svgOf(policy("xe:mainline"), "hard");
    expect(first).toMatch(/^<\?xml/);
    expect(await svgOf(policy("xe:mainline"), "hard")).toBe(first);
  });
});
