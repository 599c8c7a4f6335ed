import { DrmExec, gpuvaObj, gpuvmFirstVa, gpuvmNextVa, type Steps, USAGE_BOOKKEEP } from "@gpuvm/core";
import { waitFence, waitResv } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import type { MsmBo } from "../gem/bo.ts";
import type { MsmGemVm } from "./vm.ts";
import { vmaClose, vmaUnmap } from "./vma.ts";

/**
 * The owner of a VM closes it (`msm_gem_vm_close`). A kernel-managed VM is left alone: the close of the handles is
 * taken to have torn everything down. A VM_BIND VM is emptied here; its count alone never would. The bind queues were
 * flushed before.
 */
export function* msmGemVmClose(msm: Msm, vm: MsmGemVm): Steps<void> {
  if (!msm.history.closeEmptiesVm) return;
  if (vm.managed) {
    if (!msm.repairs.has("close-walks-vm")) return;
    yield* idle(msm, vm);
  }
  const { dev } = msm;
  for (const fence of vm.lastFence ?? []) yield* waitFence(dev, fence, "msm_gem_vm_close");
  // From here on no bind runs: what is torn down stays so.
  if (vm.sched !== null) yield* vm.sched.stop();
  const exec = new DrmExec(dev);
  while (exec.untilAllLocked()) {
    yield* exec.lockObj(vm.rObj);
    if (exec.contended !== null) continue;
    for (let va = gpuvmFirstVa(vm); va !== 0; va = gpuvmFirstVa(vm)) {
      const bo = gpuvaObj(vm, va) as MsmBo | null;
      // A private object shares the VM's lock, and may be freed under it.
      const external = bo !== null && bo.resv !== vm.resv;
      if (external) {
        yield* exec.lockObj(bo);
        if (exec.contended !== null) break;
      }
      vm.record.torn(vm.vas.range(va));
      vmaUnmap(msm, vm, va, "close");
      vmaClose(msm, vm, va, bo);
      if (external) exec.unlockObj(bo);
    }
  }
  exec.fini();
}

/** Waits for the work on everything that a kernel-managed VM maps: its mappings hold their objects. */
function* idle(msm: Msm, vm: MsmGemVm): Steps<void> {
  for (let va = gpuvmFirstVa(vm); va !== 0; va = gpuvmNextVa(vm, va)) {
    const bo = gpuvaObj(vm, va);
    if (bo !== null) yield* waitResv(msm.dev, bo.resv, USAGE_BOOKKEEP, "msm_gem_vm_close");
  }
}
