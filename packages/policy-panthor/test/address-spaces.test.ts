import { finish } from "@gpuvm/core";
import type { Machine } from "@gpuvm/drm-model";
import { describe, expect, it } from "vitest";
import type { Panthor } from "../src/device.ts";
import { vmActive, vmIdle } from "../src/mmu/address-space.ts";
import { AS_SLOTS } from "../src/mmu/as-slots.ts";
import type { PanthorVm } from "../src/mmu/vm.ts";
import { Bench } from "./bench.ts";

/** So many VMs that one has to give its address space up for the last. */
function crowd(bench: Bench): PanthorVm[] {
  return Array.from({ length: AS_SLOTS }, (_, i) => {
    bench.ask({ op: "vm_create", vm: i + 1, vaRange: 2 ** 40 });
    return bench.file().vms.get(i + 1) as PanthorVm;
  });
}

function deviceOf({ replay }: Bench): Panthor {
  return (replay.driver as unknown as { readonly device: Panthor }).device;
}

const found = ({ hazards }: Machine) => hazards.map(({ kind, detail }) => `${kind}: ${detail}`);

describe("an address space that goes to another VM", () => {
  it("was flushed", () => {
    const bench = new Bench();
    const device = deviceOf(bench);
    for (const vm of crowd(bench)) {
      expect(finish(vmActive(device, vm))).toBe(0);
      vmIdle(device, vm);
    }
    expect(found(bench.machine)).toEqual([]);
  });

  it("is found if it was not", () => {
    const bench = new Bench();
    const vms = crowd(bench);
    const [old, next] = [vms[0] as PanthorVm, vms.at(-1) as PanthorVm];
    const device = deviceOf(bench);
    finish(vmActive(device, old));
    // The driver forgets the flush.
    device.as.slots[old.asId] = null;
    finish(vmActive(device, next));
    expect(found(bench.machine)).toEqual([
      `stale-tlb: ${next.gpuvm.name} gets an address space of which the TLB may have entries of ${old.gpuvm.name}`,
    ]);
  });
});

it("a VM that goes while its address space is counted as in use is found", () => {
  const bench = new Bench();
  const [vm] = crowd(bench) as [PanthorVm];
  finish(vmActive(deviceOf(bench), vm));
  bench.ask({ op: "vm_destroy", vm: 1 });
  expect(found(bench.machine)).toEqual(["leak: its address space is still in use, and nobody is there"]);
});
