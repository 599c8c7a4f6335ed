import type { Steps } from "@gpuvm/core";
import type { Panthor } from "./device.ts";
import { MCU_VA_SIZE } from "./flags.ts";
import { kernelBoCreate, kernelBoDestroy, unmapRange } from "./kernel-bo.ts";
import { createVm } from "./vm.ts";

/** Bytes of the firmware's sections, taken together. */
const FW_BYTES = 2 ** 20;

/** The firmware and its VM (`panthor_fw_init`): the driver's, for as long as the device is there. */
export function* fwInit(panthor: Panthor): Steps<void> {
  const vm = createVm(panthor, { file: -1, id: null, purpose: "kernel" }, MCU_VA_SIZE, 0);
  if (vm === null) return;
  panthor.machine.dev.ledger?.move(vm.gpuvm, "creator", "device");
  panthor.mcu = vm;
  const kbo = yield* kernelBoCreate(panthor, vm, FW_BYTES, "device");
  if (typeof kbo !== "number") panthor.fw = kbo;
}

/** `panthor_fw_unplug`. */
export function* fwUnplug(panthor: Panthor): Steps<void> {
  const vm = panthor.mcu;
  if (vm === null) return;
  const kbo = panthor.fw;
  panthor.fw = null;
  if (kbo !== null) yield* kernelBoDestroy(panthor, kbo);
  yield* unmapRange(panthor, vm, 0, MCU_VA_SIZE, "teardown");
  panthor.mcu = null;
  vm.gpuvm.put("device");
}
