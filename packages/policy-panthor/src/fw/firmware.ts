import type { Steps } from "@gpuvm/core";
import type { Bo, KernelBos } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { MCU_SHARED, MCU_VA_SIZE } from "../flags.ts";
import type { KernelBo } from "../gem/bo.ts";
import { kernelBoCreate, kernelBoDestroy } from "../gem/kernel-bo.ts";
import { vmActive } from "../mmu/address-space.ts";
import { createVm } from "../mmu/vm-create.ts";

/** Bytes of the firmware's sections, taken together. */
const FW_BYTES = 2 ** 20;

/** The firmware and its VM (`panthor_fw_init`): the driver's, for as long as the device is there. */
export function* fwInit(panthor: Panthor): Steps<void> {
  const vm = createVm(panthor, { file: -1, id: null, purpose: "kernel" }, MCU_VA_SIZE, MCU_SHARED);
  if (vm === null) return;
  panthor.machine.dev.ledger?.move(vm.gpuvm, "creator", "device");
  panthor.mcu = vm;
  const kbo = yield* kernelBoCreate(panthor, vm, "FW section", FW_BYTES, "device", 0);
  if (typeof kbo !== "number") panthor.fw = kbo;
  yield* vmActive(panthor, vm);
}

/** `panthor_fw_unplug`: the VM stays in its slot, which the MMU's part gives up. */
export function* fwUnplug(panthor: Panthor): Steps<void> {
  const vm = panthor.mcu;
  if (vm === null) return;
  const kbo = panthor.fw;
  panthor.fw = null;
  if (kbo !== null) yield* kernelBoDestroy(panthor, kbo);
  panthor.mcu = null;
  vm.gpuvm.put("device");
}

/** Objects in the firmware's VM, each pinned and mapped for as long as the driver holds it. The driver has no display. */
export function kernelBosRole(panthor: Panthor): KernelBos {
  const made = new Map<Bo, KernelBo>();
  return {
    *create(size, vm) {
      if (vm !== "kernel" || panthor.mcu === null) return null;
      const kbo = yield* kernelBoCreate(panthor, panthor.mcu, "FW object", size, "device");
      if (typeof kbo === "number") return null;
      made.set(kbo.bo, kbo);
      return kbo.bo;
    },
    *put(bo) {
      const kbo = made.get(bo);
      made.delete(bo);
      if (kbo !== undefined) yield* kernelBoDestroy(panthor, kbo);
    },
  };
}
