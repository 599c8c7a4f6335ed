import { gpuvmFirstVa, type Steps } from "@gpuvm/core";
import { lock, unlock } from "@gpuvm/drm-model";
import { pvrVmUnmapExact } from "./bind.ts";
import type { PvrVmContext } from "./vm-context.ts";

/** Takes every mapping of a VM away, one by one, ascending (`pvr_vm_unmap_all`). */
export function* unmapAll(ctx: PvrVmContext): Steps<void> {
  const { vm, pvr } = ctx;
  const { dev } = pvr;
  yield* lock(dev, ctx.lock, "pvr_vm_unmap_all");
  for (let va = gpuvmFirstVa(vm); va !== 0; va = gpuvmFirstVa(vm)) {
    const ret = yield* pvrVmUnmapExact(ctx, vm.vas.addr(va), vm.vas.range(va), false);
    if (ret === 0) continue;
    dev.warn(`pvr_vm_unmap_all of ${vm.name} failed with ${ret}`);
    break;
  }
  unlock(dev, ctx.lock);
}
