import { ECANCELED } from "@gpuvm/core";
import { expect, it } from "vitest";
import { Machine } from "../src/index.ts";

it("finds a fence that signals before an earlier one of its timeline, on a machine that watches", () => {
  const found = (watch: boolean, error = 0) => {
    const machine = new Machine({ watch });
    const timeline = machine.fenceContext();
    const [first, second] = [machine.fence(timeline, 1), machine.fence(timeline, 2)];
    machine.fence(machine.fenceContext(), 1).signal();
    second.signal(error);
    first.signal();
    return machine.hazards.map(({ kind, detail }) => `${kind}: ${detail}`);
  };
  expect(found(true)).toEqual(["fence-order: fence 1:2 signals before fence 1:1, which it stands for"]);
  expect(found(true, -ECANCELED)).toEqual([]);
  expect(found(false)).toEqual([]);
});

it("says nothing of fences in order, also of one that is made when those before it are done", () => {
  const machine = new Machine({ watch: true });
  const timeline = machine.fenceContext();
  const fences = [machine.fence(timeline, 1), machine.fence(timeline, 2)];
  for (const fence of fences) fence.signal();
  machine.fence(timeline, 3).signal();
  expect(machine.hazards).toEqual([]);
});
