import {
  DRM_GPUVM_IMMEDIATE_MODE,
  DRM_GPUVM_RESV_PROTECTED,
  DrmGpuvm,
  finish,
  type GpuvmOps,
  gpuvmResvObjectAlloc,
} from "@gpuvm/core";
import { IoPgtableArm, KIB4, MIB2, VmRecord } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { VA_EVICTED } from "../flags.ts";
import { moveVm } from "../gem/reclaim-lists.ts";
import { asDisable, releaseAs } from "./address-space.ts";
import { bindScheduler } from "./bind-job.ts";
import { vmBoValidate } from "./validate.ts";
import { PanthorVm, type VaRange } from "./vm.ts";
import { vmBoFree, vmBoUnpin } from "./vm-bo.ts";

/** Whose VM it is. */
interface Owner {
  readonly file: number;
  readonly id: number | null;
  readonly purpose: string;
}

/**
 * A VM with one reference, of `creator` (`panthor_vm_create`); null: no memory.
 *
 * @param kernel where the driver places objects of its own; programs map below it
 */
export function createVm(panthor: Panthor, owner: Owner, range: number, kernel: VaRange): PanthorVm | null {
  const { machine, gen } = panthor;
  const { dev } = machine;
  if (!dev.mayAlloc("panthor vm")) return null;
  const rObj = gpuvmResvObjectAlloc(dev);
  if (rObj === null) return null;
  const pt = pageTables(panthor, () => vm);
  const gpuvm = new DrmGpuvm(dev, {
    name: owner.id === null ? "panthor-MCU" : "panthor-GPU",
    flags: DRM_GPUVM_RESV_PROTECTED | (gen.immediate ? DRM_GPUVM_IMMEDIATE_MODE : 0),
    rObj,
    start: 0,
    range,
    boOwnership: panthor.boOwnership,
    ops: { vmFree: () => free(panthor, vm), ...hooks(panthor) },
  });
  const record = new VmRecord(owner.file, owner.id, gpuvm, pt, owner.purpose);
  record.absent = (va) => (gpuvm.vas.flags(va) & VA_EVICTED) !== 0;
  const vm = new PanthorVm({ gpuvm, pt, record, kernel, scheduler: bindScheduler(panthor) }, dev.lockdep);
  if (panthor.vmResetInProgress) vm.scheduler.paused = true;
  machine.vms.push(record);
  panthor.vms.set(gpuvm, vm);
  rObj.put("creator");
  return vm;
}

function pageTables(panthor: Panthor, vm: () => PanthorVm): IoPgtableArm {
  return new IoPgtableArm(panthor.machine, {
    pageSizes: [KIB4, MIB2],
    // That the tables differ from the tree was told when they came to.
    get noWarn() {
      return vm().unusable;
    },
    // Where the region is locked, nothing gets to old entries before the unlock, which flushes.
    flushDue: panthor.gen.regionLock ? "within-call" : "before-free",
    takeTable: () => vm().opCtx?.takeTable() ?? false,
    flushWalk: (iova, size) =>
      panthor.onMmu?.(vm(), `flush_walk 0x${iova.toString(16)} 0x${size.toString(16)}`),
  });
}

/** What the generation does when a vm_bo goes, or is validated. */
function hooks(panthor: Panthor): Pick<GpuvmOps, "vmBoFree" | "vmBoValidate"> {
  const { gen } = panthor;
  if (gen.evictable) return { vmBoFree: vmBoFree(panthor), vmBoValidate: vmBoValidate(panthor) };
  return gen.pinnedBy === "vm_bo" && gen.immediate ? { vmBoFree: vmBoUnpin } : {};
}

/** `panthor_vm_free`. No vm_bo is left, so no zombie either: each would hold the VM. */
function free(panthor: Panthor, vm: PanthorVm): void {
  moveVm(vm, null);
  // Each job holds the VM: there is nothing to wait for.
  finish(vm.binds.fini());
  vm.scheduler.fini();
  // The firmware's is in use to the end (`panthor_fw_unplug`).
  if (vm.asActive > 0 && vm.record.purpose === "program")
    panthor.machine.hazard("leak", vm.gpuvm.name, "its address space is still in use, and nobody is there");
  if (vm.asId >= 0) {
    if (!panthor.unplugged) asDisable(panthor, vm.asId, false, "close");
    releaseAs(panthor, vm);
  }
  vm.pt.free();
  vm.dummy?.put(vm.gpuvm);
  vm.record.freed = true;
  if (vm.mm.free !== vm.kernelSize)
    panthor.machine.hazard("leak", vm.gpuvm.name, "addresses of the driver's own are still taken");
}
