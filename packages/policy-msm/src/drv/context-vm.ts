import type { Steps } from "@gpuvm/core";
import { lock, preempt, unlock } from "@gpuvm/drm-model";
import { MsmIommuPagetable } from "../mmu/pagetable.ts";
import { type MsmGemVm, msmGemVmCreate } from "../vma/vm.ts";
import type { MsmContext } from "./context.ts";
import type { Msm } from "./device.ts";

/**
 * The context's VM, made at the first call that needs one (`msm_context_vm`).
 *
 * @returns null: there was no memory, and the program manages addresses itself
 */
export function* msmContextVm(msm: Msm, ctx: MsmContext): Steps<MsmGemVm | null> {
  if (ctx.vm !== null) return ctx.vm;
  const { dev } = msm;
  yield* lock(dev, ctx.lock, "msm_context_vm");
  if (ctx.vm === null) {
    yield* preempt(dev, "alloc", "msm_gem_vm_create");
    ctx.vm = createPrivateVm(msm, ctx) ?? sharedVm(msm, ctx);
  }
  unlock(dev, ctx.lock);
  return ctx.vm;
}

/** `msm_gpu_create_private_vm`, `a6xx_create_private_vm`. */
function createPrivateVm(msm: Msm, ctx: MsmContext): MsmGemVm | null {
  if (!msm.privateVms) return null;
  const managed = !ctx.vmBind;
  const makeMmu = () => new MsmIommuPagetable(msm.machine, managed, msm.log);
  return msmGemVmCreate(msm, makeMmu, ctx.file, "program", managed, ctx);
}

/** What the kernel manages may be shared by all (`gpu->vm`). */
function sharedVm(msm: Msm, ctx: MsmContext): MsmGemVm | null {
  const { gpuVm } = msm;
  if (ctx.vmBind || gpuVm === null) return null;
  gpuVm.get(ctx);
  return gpuVm;
}
