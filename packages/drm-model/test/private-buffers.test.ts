import { describe, expect, it } from "vitest";
import { type NeutralBindOp, type NeutralRequest, PrivateBuffers } from "../src/index.ts";

const at = { t: 0, f: 0 };
const create = (vm: number): NeutralRequest => ({ ...at, op: "vm_create", vm });
const destroy = (vm: number): NeutralRequest => ({ ...at, op: "vm_destroy", vm });
const gem = (bo: number): NeutralRequest => ({ ...at, op: "gem_new", bo, size: 4096 });
const map = (vm: number, bo: number): NeutralRequest => {
  const op: NeutralBindOp = { kind: "map", bo, boOffset: 0, va: 4096, length: 4096, flags: 0 };
  return { ...at, op: "vm_bind", vm, async: true, ops: [op] };
};

function privately(requests: readonly NeutralRequest[]): readonly NeutralRequest[] {
  const found = new PrivateBuffers();
  for (const request of requests) found.see(request);
  return requests.flatMap(found.apply());
}

/** The VM that each buffer is private to. */
function vms(requests: readonly NeutralRequest[]): Record<number, number | undefined> {
  const news = privately(requests).filter((request) => request.op === "gem_new");
  return Object.fromEntries(news.map(({ bo, vm }) => [bo, vm]));
}

describe("buffers that a program keeps to itself", () => {
  it("are private to the one VM that maps them", () => {
    expect(vms([create(7), gem(1), gem(2), map(7, 1)])).toEqual({ 1: 7, 2: undefined });
  });

  it("are not those that are exported or imported, before or after they are mapped", () => {
    const early: NeutralRequest = { ...at, op: "prime_export", bo: 1 };
    const late: NeutralRequest = { ...at, op: "prime_import", bo: 2, size: 4096, fresh: false };
    expect(vms([create(7), gem(1), gem(2), early, map(7, 1), map(7, 2), late])).toEqual({
      1: undefined,
      2: undefined,
    });
  });

  it("are not those of two VMs, nor of a VM and its successor by the same number", () => {
    expect(vms([create(1), create(2), gem(1), map(1, 1), map(2, 1)])).toEqual({ 1: undefined });
    expect(vms([create(1), gem(1), map(1, 1), destroy(1), create(1), map(1, 1)])).toEqual({ 1: undefined });
  });

  it("of a VM that is made later, have it made before them, once", () => {
    const ops = privately([gem(1), gem(2), create(7), map(7, 1), map(7, 2)]).map(({ op }) => op);
    expect(ops).toEqual(["vm_create", "gem_new", "gem_new", "vm_bind", "vm_bind"]);
  });

  it("stay shared where the VM can't be made yet", () => {
    expect(vms([create(1), gem(1), destroy(1), create(1), map(1, 1)])).toEqual({ 1: undefined });
  });

  it("that the program made private itself stay as they are", () => {
    expect(vms([create(3), { ...at, op: "gem_new", bo: 1, size: 4096, vm: 3 }])).toEqual({ 1: 3 });
  });
});
