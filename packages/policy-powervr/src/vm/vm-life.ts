import { ENOMEM, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { preempt } from "@gpuvm/drm-model";
import type { PvrDevice } from "../device.ts";
import { createFwObject, destroyFwObject } from "../gem/fw-object.ts";
import type { PvrFwObject } from "../gem/pvr-fw-object.ts";
import { rulesOf } from "../history/rules.ts";
import { PvrMmuContext } from "../mmu/context.ts";
import { STEPS } from "./map.ts";
import { unmapAll } from "./unmap.ts";
import { PvrVmContext } from "./vm-context.ts";

/** `pvr_vm_create_context`: page tables, then what the firmware has to know of them, then the VM; -ENOMEM. */
export function* createVmContext(
  pvr: PvrDevice,
  file: number,
  id: number | null,
  holder: Holder,
): Steps<PvrVmContext | Errno> {
  const { dev, machine } = pvr;
  yield* preempt(dev, "alloc", "pvr_vm_create_context");
  if (!dev.mayAlloc("pvr_vm_context") || !dev.mayAlloc("pvr_mmu_context")) return -ENOMEM;
  const name = `vm_ctx#${dev.serial()}`;
  const mmu = new PvrMmuContext(machine, pvr.caches);
  let fwMemCtx: PvrFwObject | null = null;
  if (file >= 0) {
    const object = yield* createFwObject(pvr, 4096, { name });
    if (typeof object === "number") {
      mmu.destroy();
      return object;
    }
    fwMemCtx = object;
  }
  return new PvrVmContext(pvr, { name, mmu, steps: STEPS, fwMemCtx }, file, id, holder);
}

/** `pvr_vm_context_put`; the last one tears the mappings down (`pvr_vm_context_release`). */
export function* putVmContext(ctx: PvrVmContext, holder: Holder): Steps<void> {
  const { pvr } = ctx;
  pvr.dev.ledger?.put(ctx, holder);
  if (--ctx.refs > 0) return;
  if (ctx.fwMemCtx !== null) yield* destroyFwObject(pvr, ctx.fwMemCtx, ctx);
  ctx.fwMemCtx = null;
  yield* unmapAll(ctx);
  ctx.pt.destroy();
  if (!ctx.vm.put("creator")) rulesOf(pvr).outlived(ctx);
}
