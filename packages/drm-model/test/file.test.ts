import type { Steps } from "@gpuvm/core";
import { describe, expect, it } from "vitest";
import { Bo, DmaBuf, DrmFile, leftBehind, Machine } from "../src/index.ts";

function setup() {
  const machine = new Machine({ audit: true });
  return { machine, file: new DrmFile(machine, 0) };
}

function create(machine: Machine, file: DrmFile, handle: number, size = 4096): Bo {
  const bo = new Bo(machine, { size });
  file.publish(handle, bo);
  return bo;
}

describe("DrmFile", () => {
  it("frees an object with its last handle", () => {
    const { machine, file } = setup();
    const bo = create(machine, file, 1);
    expect(machine.dev.ledger?.holders(bo).map((h) => h.holder)).toEqual(["handle 1 of file 0"]);
    machine.call(file.close(1, null));
    expect(bo.refs).toBe(0);
    expect(leftBehind(machine).bos).toBe(0);
  });

  it("runs the hook with the handle gone but the object still held", () => {
    const { machine, file } = setup();
    const bo = create(machine, file, 1);
    let seen: unknown;
    const hook = function* (): Steps<void> {
      seen = [bo.refs, bo.handles, file.handles.has(1)];
    };
    machine.call(file.close(1, hook));
    expect(seen).toEqual([1, 1, false]);
  });

  it("answers false for an unknown handle", () => {
    const { machine, file } = setup();
    expect(machine.call(file.close(5, null))).toBe(false);
  });
});

describe("DmaBuf", () => {
  it("keeps its object after the last handle, and lets go once", () => {
    const { machine, file } = setup();
    const bo = create(machine, file, 1);
    const dmaBuf = new DmaBuf(machine, bo);
    machine.call(file.close(1, null));
    expect(bo.refs).toBe(1);
    expect(bo.reachable).toBe(true);
    dmaBuf.close();
    dmaBuf.close();
    expect(bo.refs).toBe(0);
  });
});

describe("Memory", () => {
  it("counts as retained what lives without handle and dma-buf, from when time passes", () => {
    const { machine, file } = setup();
    const bo = create(machine, file, 1, 8192);
    bo.get("vm_bo");
    machine.call(file.close(1, null));
    expect(machine.memory.retained).toBe(0);
    machine.advanceTo(1e9);
    expect(machine.memory.retained).toBe(8192);
    machine.advanceTo(3e9);
    expect(machine.memory.retainedByteSeconds).toBe(8192 * 3);
    bo.put("vm_bo");
    expect([machine.memory.retained, machine.memory.retainedPeak, machine.memory.bytes]).toEqual([
      0, 8192, 0,
    ]);
  });

  it("does not count what is freed before time passes", () => {
    const { machine, file } = setup();
    const bo = create(machine, file, 1);
    bo.get("vm_bo");
    machine.call(file.close(1, null));
    bo.put("vm_bo");
    machine.advanceTo(1e9);
    expect(machine.memory.retainedPeak).toBe(0);
  });

  it("stops counting when a program can reach the object again", () => {
    const { machine, file } = setup();
    const bo = create(machine, file, 1);
    bo.get("vm_bo");
    machine.call(file.close(1, null));
    machine.advanceTo(1e9);
    bo.get("lookup");
    file.publish(2, bo, "lookup");
    expect(machine.memory.retained).toBe(0);
  });
});

describe("releaseBo", () => {
  it("finds entries that still lead to freed pages", () => {
    const { machine, file } = setup();
    const bo = create(machine, file, 1);
    bo.ptes = 3;
    machine.call(file.close(1, null));
    expect(machine.hazards.map((h) => [h.kind, h.object])).toEqual([["stale-pte", bo.name]]);
    expect(machine.hazards[0]?.history.length).toBeGreaterThan(0);
  });
});
