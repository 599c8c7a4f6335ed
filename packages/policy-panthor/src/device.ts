import type { BoOwnership, DrmGpuvm } from "@gpuvm/core";
import { GpuEngine, type Machine } from "@gpuvm/drm-model";
import type { Generation } from "./generation.ts";
import type { KernelBo } from "./kernel-bo.ts";
import type { PanthorVm } from "./vm.ts";

/** Hardware address-space slots of the modelled GPU. */
const AS_SLOTS = 8;

/** The device (`struct panthor_device`), as far as the rest of the driver needs it. */
export interface Panthor {
  /** The machine it runs on. */
  readonly machine: Machine;
  /** Which generation of the driver. */
  readonly gen: Generation;
  /** Whether its VMs count their objects. */
  readonly boOwnership: BoOwnership;
  /** Defects it is run with. */
  readonly defects: ReadonlySet<string>;
  /** The driver's VMs of gpuvms. */
  readonly vms: WeakMap<DrmGpuvm, PanthorVm>;
  /** Where jobs run. */
  readonly engine: GpuEngine;
  /** VMs in a hardware slot, least recently used first; not counted. */
  readonly slots: PanthorVm[];
  /** The firmware's VM; null before probe and after remove. */
  mcu: PanthorVm | null;
  /** The firmware's memory. */
  fw: KernelBo | null;
}

/** A device on a machine. */
export function panthorDevice(
  machine: Machine,
  gen: Generation,
  boOwnership: BoOwnership,
  defects: ReadonlySet<string>,
): Panthor {
  const engine = new GpuEngine(machine, "panthor csg");
  return { machine, gen, boOwnership, defects, vms: new WeakMap(), engine, slots: [], mcu: null, fw: null };
}

/** Gives a VM a hardware slot, if need be that of the one used longest ago (`panthor_vm_active`). */
export function vmActive(panthor: Panthor, vm: PanthorVm): void {
  const { slots } = panthor;
  if (slots.at(-1) === vm) return;
  const at = slots.indexOf(vm);
  if (at >= 0) slots.splice(at, 1);
  else if (slots.length === AS_SLOTS) slots.shift();
  slots.push(vm);
}

/** Takes a VM's slot away. */
export function vmIdle(panthor: Panthor, vm: PanthorVm): void {
  const at = panthor.slots.indexOf(vm);
  if (at >= 0) panthor.slots.splice(at, 1);
}

/** Flushes what the GPU cached of a VM, if it is in a slot. */
export function flushTlb(panthor: Panthor, vm: PanthorVm): void {
  if (panthor.slots.includes(vm)) vm.pt.flush("unmap");
  else vm.pt.forget();
}
