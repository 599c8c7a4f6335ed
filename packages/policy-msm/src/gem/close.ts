import type { Steps } from "@gpuvm/core";
import { type FileEnd, releaseSyncobjs, waitResv, waitResvTimeout } from "@gpuvm/drm-model";
import type { MsmContext } from "../drv/context.ts";
import type { Msm } from "../drv/device.ts";
import type { MsmFile } from "../drv/file.ts";
import { msmGemVmClose } from "../vma/vm-close.ts";
import { putIovaSpaces } from "../vma/vma.ts";
import type { MsmBo } from "./bo.ts";
import { lockVmAndObj } from "./locks.ts";
import { vmaRefPut } from "./vma-ref.ts";

/**
 * A handle is closed, whatever other handles the file has to the object (`msm_gem_close`): the object's mapping in
 * this file's VM goes. The wait and the teardown are two steps: what was looked up before, and gets its mapping or its
 * fence in between, is seen by neither.
 */
export function* msmGemClose(msm: Msm, ctx: MsmContext, bo: MsmBo): Steps<void> {
  if (msm.displayForgets !== null) yield* msm.displayForgets(bo);
  yield* vmaRefPut(msm, bo);
  if (bo.handles === 1) bo.toldIn = null;
  const rule = msm.rules.teardown.handleClose;
  const { vm } = ctx;
  if (rule === null || vm === null || ctx.vmBind) return;
  if (rule.limitNs === null) yield* waitResv(msm.dev, bo.resv, rule.usage, "msm_gem_close");
  else yield* waitResvTimeout(msm.machine, bo.resv, rule.usage, rule.limitNs, "msm_gem_close");
  let exec = yield* lockVmAndObj(msm, vm, bo);
  while (msm.repairs.has("wait-again") && bo.resv.busy(rule.usage) !== null) {
    exec.fini();
    yield* waitResv(msm.dev, bo.resv, rule.usage, "msm_gem_close");
    exec = yield* lockVmAndObj(msm, vm, bo);
  }
  putIovaSpaces(msm, bo, vm, true, "close");
  exec.fini();
}

/**
 * A file is closed: all handles first, and only then are submits that wait for the ring emptied (`drm_file_free`, then
 * `msm_postclose`, `context_close`).
 */
export function* msmPostclose(msm: Msm, file: MsmFile): Steps<void> {
  const { ctx } = file;
  releaseSyncobjs(file);
  yield* file.closeAll((bo) => msmGemClose(msm, ctx, bo));
  for (const dmaBuf of ctx.exports.values()) dmaBuf.close();
  ctx.exports.clear();
  ctx.closed = true;
  yield* submitqueueClose(msm, ctx, file.ending);
  ctx.put(file);
}

/** `msm_submitqueue_close`: binds that are queued are let go first. */
function* submitqueueClose(msm: Msm, ctx: MsmContext, ending: FileEnd): Steps<void> {
  for (const queue of [...ctx.queues.values()]) {
    if (queue.vmBind) yield* queue.entity.flush("drm_sched_entity_flush", ending);
    ctx.queues.delete(queue.id);
    queue.put(ctx);
  }
  if (ctx.vm !== null) yield* msmGemVmClose(msm, ctx.vm);
}
