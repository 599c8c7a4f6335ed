import { DrmGemObject, Lock } from "@gpuvm/core";
import { type Subject, subjectNamed } from "@gpuvm/drivers";
import { type Hazard, Machine } from "@gpuvm/drm-model";
import { Stage } from "@gpuvm/study";
import { describe, expect, it } from "vitest";
import { leftBehindFindings } from "../src/left-behind.ts";

/** A program that maps, submits, closes the handle and ends; what is found then. */
function afterExit(subject: Subject): { stage: Stage; found: Hazard[] } {
  const stage = new Stage(subject, { jobMs: 1 });
  stage.program(0);
  stage.buffer(0, 1);
  stage.submit(0, 1);
  stage.close(0, 1);
  stage.exit(0);
  stage.idle();
  return { stage, found: leftBehindFindings(stage.machine, stage.driver.policy, new Set()) };
}

const kinds = (machine: Machine) => new Set(machine.hazards.map(({ kind }) => kind));

describe("each audit finds its planted defect, and nothing where there is none", () => {
  it.each(["msm:mainline", "nouveau:vm-bind", "xe:mainline", "panthor:mainline", "powervr:mainline"])(
    "%s leaves nothing and breaks nothing",
    (name) => {
      const { stage, found } = afterExit(subjectNamed(name));
      expect(found).toEqual([]);
      expect(stage.machine.hazards).toEqual([]);
    },
  );

  it("leaks at file close: names the holder, the missing event, and the history", () => {
    const { found } = afterExit(subjectNamed("msm:hard-naive"));
    const [bo, vm] = found;
    expect(bo?.detail).toMatch(/is kept by vm_bo#\d+ .*; in programs' VMs no event takes its mapping away/);
    expect(bo?.history.some((line) => line.includes("mapped at"))).toBe(true);
    expect(vm?.detail).toMatch(/vm#\d+ outlives its file 0: it is kept by/);
  });

  it("a deferred list that nobody drained at VM close", () => {
    const subject = subjectNamed("panthor:mainline");
    const stage = new Stage(subject, { jobMs: 1, defects: new Set(["A1"]) });
    stage.ask({ op: "vm_create", f: 0, vm: 1 });
    stage.buffer(0, 1);
    stage.exit(0);
    const found = leftBehindFindings(stage.machine, stage.driver.policy, new Set());
    expect(found.some(({ detail }) => detail.includes("deferred list that nothing drained"))).toBe(true);
  });

  it("a dangling list entry, and a stale PTE after its pages went", () => {
    const { stage } = afterExit({ ...subjectNamed("panthor:mainline"), boOwnership: "soft" });
    expect(kinds(stage.machine)).toContain("stale-pte");
    expect(kinds(stage.machine)).toContain("dangling-list");
  });

  it("an unmap under the running GPU", () => {
    const stage = new Stage(subjectNamed("msm:soft"), { jobMs: 1500 });
    stage.program(0);
    stage.buffer(0, 1);
    stage.submit(0, 1);
    stage.close(0, 1);
    const [fault] = stage.machine.hazards;
    expect(fault?.kind).toBe("gpu-fault");
    expect(fault?.history.some((line) => line.includes("handle 1 of file 0 closes"))).toBe(true);
  });

  it("use after free, and a count that goes below 0", () => {
    const machine = new Machine({ audit: true });
    const bo = new DrmGemObject(machine.dev);
    bo.put("creator");
    machine.call(step(() => bo.get("late")));
    machine.call(step(() => bo.put("late")));
    expect(machine.hazards.map(({ kind }) => kind)).toEqual(["use-after-free", "count-underflow"]);
    expect(machine.hazards[0]?.object).toBe(bo.name);
  });

  it("a put that names somebody who holds nothing", () => {
    const machine = new Machine({ audit: true });
    const bo = new DrmGemObject(machine.dev);
    machine.call(step(() => bo.put("a stranger")));
    expect(machine.hazards[0]?.detail).toContain("held by: creator x1");
  });

  it("a put under a lock that the destructor takes", () => {
    const machine = new Machine({ audit: true, lockdep: true });
    const { dev } = machine;
    const lock = new Lock("list lock", "list", dev.lockdep);
    const free = () => {
      dev.stopsAt(lock, "free");
      lock.acquire(dev.current);
    };
    const bo = new DrmGemObject(dev, { funcs: { free } });
    machine.call(
      step(() => {
        lock.acquire(dev.current);
        bo.put("creator");
      }),
    );
    expect(machine.hazards[0]?.kind).toBe("lock-rule");
    expect(machine.hazards[0]?.detail).toContain("takes list lock in free, but holds it already");
  });

  it("a wait in the path that signals fences", () => {
    const machine = new Machine({ audit: true });
    const { dev } = machine;
    const fence = machine.fence(machine.fenceContext(), 1);
    const job = function* () {
      if (dev.waitsFor(fence, "run_job")) yield dev.point;
    };
    machine.queueWork("bind run_job", job, "signalling");
    machine.settle();
    expect(machine.hazards[0]?.kind).toBe("wait-in-signalling");
    fence.signal();
    machine.settle();
    expect(machine.blocked).toEqual([]);
  });
});

function* step(fn: () => unknown): Generator<never, void, void> {
  fn();
}
