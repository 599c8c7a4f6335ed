import { withOwnership } from "@gpuvm/core";
import { DRIVERS, policyNamed, subjectNamed } from "@gpuvm/drivers";
import { LOOPS } from "@gpuvm/study";
import { describe, expect, it } from "vitest";
import { dotOf } from "../src/dot.ts";
import { drawingOf, loopsOnly } from "../src/drawing.ts";
import { refLoopsOf } from "../src/reference-loop.ts";
import { svgOf } from "../src/svg.ts";
import { verdictOf } from "../src/verdict.ts";
import { statesOf } from "../src/what-breaks-it.ts";
import { whyText } from "../src/why-text.ts";

const policy = (name: string) => subjectNamed(name).variant.policy;

function why(name: string, ownership?: "soft" | "hard"): string {
  const own = policy(name);
  const boOwnership = ownership ?? own.boOwnership;
  return whyText(withOwnership(own, boOwnership), boOwnership);
}

describe("reference loops", () => {
  it("msm as posted, made hard: the loop that nothing breaks, in the VMs that no handle reaches", () => {
    const text = why("msm", "hard");
    expect(verdictOf(withOwnership(policy("msm"), "hard")).can).toBe("never");
    expect(text).toMatch(/In the display's VM: NOTHING BREAKS IT/);
    expect(text).toMatch(/In the kernel's own VMs: NOTHING BREAKS IT/);
    expect(text).toMatch(/In programs' VMs: broken by\n +the close of a handle/);
  });

  it("msm as posted: nothing in the chain keeps the object alive", () => {
    expect(refLoopsOf(policy("msm:soft"))).toEqual([]);
    expect(verdictOf(policy("msm:soft")).can).toBe("certain");
  });

  it("msm as merged: what breaks it in each kind of VM", () => {
    const text = why("msm:mainline");
    expect(text).toMatch(/the close of a handle \(userspace; waits for every fence/);
    expect(text).toMatch(/In the display's VM: broken by\n +vma_ref reaching 0/);
    expect(text).toMatch(/a mapping made after it is not torn down by it/);
    expect(text).toMatch(/by the close of a handle, if one comes after the mapping/);
  });

  it.each(["msm:mainline", "msm:vm-bind"])(
    "%s: nothing takes away what kernel code pins for the display",
    (name) => {
      expect(why(name)).toMatch(
        /In the display's VM: broken by\n(?:.*\n){2} +AND NOTHING BREAKS IT for what kernel code pins/,
      );
      expect(verdictOf(policy(name)).sentence).toMatch(
        /But in the display's VM not what kernel code pins .* it leaks\.$/,
      );
      expect(why("msm:hard-unpin")).not.toMatch(/kernel code pins/);
    },
  );

  it("names what counts, or does not, of an ownership that is tried", () => {
    const sourceOf = (ownership: "soft" | "hard") =>
      withOwnership(policy("msm:soft"), ownership).edges.find(
        ({ from, to }) => from === "vm_bo" && to === "BO",
      )?.source;
    expect(sourceOf("hard")).toBe("drm_gpuvm_bo_create");
    expect(sourceOf("soft")).toBe("DRM_GPUVM_VA_WEAK_REF");
  });

  it("powervr before its fix: the loop through a fence and a context, which only the program breaks", () => {
    const [, loop] = refLoopsOf(policy("powervr:6.11"));
    const nodes = loop?.steps.map(({ node }) => node);
    expect(nodes).toEqual(["BO", "vm_bo", "VA", "VM", "context", "fence"]);
    expect(loop && statesOf(policy("powervr:6.11"), loop)[0]?.certainty).toBe("if-asked");
    expect(verdictOf(policy("powervr:6.11")).can).toBe("if-asked");
    expect(verdictOf(policy("powervr:mainline")).can).toBe("certain");
  });

  it("powervr's queues: a loop without mappings, through their last fences and their context", () => {
    const text = why("powervr");
    expect(text).toMatch(/A reference loop without mappings: the context waits for itself \(3 steps\)/);
    expect(text).toMatch(/fence is released: queue holds it, of the job queued last/);
    expect(text).toMatch(/the destruction of the context, .* \[pvr_queue_kill\]/);
  });

  it("a declared loop must be one: each step an obligation", () => {
    const broken = {
      ...policy("powervr"),
      otherLoops: [{ nodes: ["context", "BO"], brokenBy: [] }],
    } as const;
    expect(() => whyText(broken, "")).toThrow(/declares nothing by which context waits for BO/);
  });

  it("tyr: what the types keep stands beside what drivers in C do by hand", () => {
    const text = whyText(policyNamed("tyr"), "hard");
    expect(text).toMatch(/In the kernel's own VMs: broken by/);
    expect(text).toMatch(
      /a VA that was taken away is not forgotten\n +here: .*GpuVaRemoved.*\n +by hand: kfree/,
    );
  });

  it("a driver whose mappings do not go with their object cannot hold soft", () => {
    expect(verdictOf(withOwnership(policy("panthor:mainline"), "soft")).can).toBe("never");
    expect(verdictOf(withOwnership(policy("xe:mainline"), "soft")).sentence).toMatch(/^gains nothing/);
  });

  it("says something of its own for every driver", () => {
    const texts = DRIVERS.map(({ name }) => why(name));
    expect(new Set(texts).size).toBe(DRIVERS.length);
  });
});

describe("the drawing", () => {
  it("marks a tied loop red, and says on each edge what it is", () => {
    const dot = dotOf(policy("msm:hard-naive"), "hard");
    expect(dot).toContain("loop: counts\\n");
    expect(dot.replaceAll("\\n", " ")).toContain("never comes: it waits for what it would tear down");
    expect(dotOf(policy("msm:mainline"), "hard")).not.toContain('"loop: ');
  });

  it("can be of the loops only: each is in it, with every event that takes mappings away", () => {
    for (const [name, ownership] of LOOPS) {
      const asked = withOwnership(policy(name), ownership);
      const { nodes, edges } = loopsOnly(drawingOf(asked));
      const drawn = edges.filter(({ tone }) => tone === "broken" || tone === "unbroken");
      const steps = refLoopsOf(asked).flatMap((loop) =>
        loop.steps.map(({ edge }) => `${edge.from} ${edge.to}`),
      );
      expect(new Set(drawn.map(({ from, to }) => `${from} ${to}`))).toEqual(new Set(steps));
      expect(nodes.filter(({ shape }) => shape === "event")).toHaveLength(asked.teardown.length);
      expect(drawn.some(({ tone }) => tone === "unbroken")).toBe(verdictOf(asked).can !== "certain");
      const ids = nodes.map(({ id }) => id);
      expect(edges.every(({ from, to }) => ids.includes(from) && ids.includes(to))).toBe(true);
    }
    expect(loopsOnly(drawingOf(policy("xe:mainline"))).nodes.map(({ id }) => id)).not.toContain("dma_buf");
  });

  it("is the same each time", async () => {
    const first = await svgOf(policy("xe:mainline"), "hard");
    expect(first).toMatch(/^<\?xml/);
    expect(await svgOf(policy("xe:mainline"), "hard")).toBe(first);
  });

  it("fits a window, and begins with what it is and how to read it, from the left", async () => {
    for (const name of ["xe:mainline", "msm:soft", "powervr:6.11"]) {
      const svg = await svgOf(policy(name), "hard");
      expect(svg).toContain('<svg width="100%" height="100%"');
      // Letters of 12 in the drawing are of 8 and more in a window of 1400.
      expect(Number(/viewBox="0.00 0.00 ([\d.]+)/.exec(svg)?.[1])).toBeLessThan(2100);
      const captions =
        svg.slice(0, svg.indexOf('class="node"')).match(/<text[^>]*text-anchor="start"[^>]*>[^<]*/g) ?? [];
      expect(captions[0]).toContain(`Who holds whom: ${name}, hard`);
      expect(captions.at(-1)).toContain("Thick: part of a reference loop");
    }
  });
});
