import { E2BIG, EINVAL, EIO, ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { preempt } from "@gpuvm/drm-model";
import type { PvrFile } from "../file.ts";
import type { JobArgs } from "../requests.ts";
import { getHwrt, putHwrt } from "../tiler/hwrt.ts";
import { canFit, jobCommandsSize } from "./cccb.ts";
import { FRAGMENT, GEOMETRY, PvrJob, queueOf } from "./job.ts";

/**
 * `create_job`.
 *
 * @returns the job; -EINVAL for an unknown context or render target, or a context of another type; -EIO for a context at
 *   fault; -E2BIG; -ENOMEM
 */
export function* createJob(file: PvrFile, { type, context, hwrt: target }: JobArgs): Steps<PvrJob | Errno> {
  const draws = type === GEOMETRY || type === FRAGMENT;
  if (!draws && target !== undefined && (target.set !== 0 || target.data !== 0)) return -EINVAL;
  const ctx = file.contexts.get(context);
  if (ctx === undefined) return -EINVAL;
  const { pvr } = ctx;
  const { dev } = pvr;
  const name = dev.ledger === null ? "" : `submit#${dev.serial()}`;
  ctx.get(name);
  const set = target === undefined ? file.latestHwrt() : file.hwrts.get(target.set);
  const hwrt = draws ? (set?.data[target?.data ?? 0] ?? null) : null;
  if (hwrt !== null) getHwrt(pvr, hwrt.dataset, name);
  const queue = queueOf(ctx, type);
  let ret: Errno = queue === undefined || (draws && hwrt === null) ? -EINVAL : 0;
  if (ret === 0 && ctx.faulty) ret = -EIO;
  if (ret === 0 && !canFit(jobCommandsSize(type, type === FRAGMENT ? 1 : 0))) ret = -E2BIG;
  yield* preempt(dev, "alloc", "pvr_create_job");
  if (ret === 0 && !(dev.mayAlloc("pvr_job") && dev.mayAlloc("pvr_queue_fence"))) ret = -ENOMEM;
  if (ret === 0 && queue !== undefined) {
    const job = new PvrJob(name, queue, hwrt);
    pvr.trace?.(["job", job]);
    return job;
  }
  if (hwrt !== null) yield* putHwrt(pvr, hwrt.dataset, name);
  yield* ctx.put(name);
  return ret;
}
