import type { Steps } from "@gpuvm/core";
import { lock, preempt, unlock } from "@gpuvm/drm-model";
import { type MsmGemVm, msmGemVmCreate } from "../vma/vm.ts";
import type { MsmContext } from "./context.ts";
import type { Msm } from "./device.ts";

/**
 * The context's VM, made at the first call that needs one (`msm_context_vm`).
 *
 * @returns null for -ENOMEM
 */
export function* msmContextVm(msm: Msm, ctx: MsmContext): Steps<MsmGemVm | null> {
  if (ctx.vm !== null) return ctx.vm;
  const { dev } = msm;
  yield* lock(dev, ctx.lock, "msm_context_vm");
  if (ctx.vm === null) {
    yield* preempt(dev, "alloc", "msm_gem_vm_create");
    ctx.vm = msmGemVmCreate(msm, ctx.file, "program", !ctx.vmBind, ctx);
  }
  unlock(dev, ctx.lock);
  return ctx.vm;
}
