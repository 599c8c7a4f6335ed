import { boState, gpuvmState } from "@gpuvm/conformance";
import type { DrmGpuvm } from "@gpuvm/core";
import type { PvrBo } from "../gem/bo.ts";
import type { World } from "./world.ts";

/** An object of an answer. */
export type Line = Record<string, unknown>;

/** The number of the firmware's own VM. */
export const FIRMWARE_VM = -1;

/** A VM's mappings and lists. */
export function vmLine(world: World, vm: DrmGpuvm, number: number): Line {
  return gpuvmState(
    vm,
    number,
    (obj) => world.bos.of(obj as PvrBo),
    () => 0,
  );
}

/** An object with its links to VMs. */
export function boLine(world: World, bo: PvrBo, number: number): Line {
  return boState(bo, number, (vm) => vmNumber(world, vm));
}

/** The recorder's number of a VM. */
export function vmNumber(world: World, vm: DrmGpuvm): number {
  for (const [ctx, number] of world.vms.all()) if (ctx.vm === vm) return number;
  return FIRMWARE_VM;
}
