import type { Steps } from "@gpuvm/core";
import { DrmScheduler } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { execOp } from "./exec-op.ts";
import { cleanupOp } from "./prepare.ts";
import type { BindJob } from "./vm.ts";

/** One job at a time, in the fence-signalling path (`panthor_vm_bind_ops`). */
export function bindScheduler(panthor: Panthor): DrmScheduler<BindJob> {
  return new DrmScheduler<BindJob>(panthor.machine, {
    name: "panthor bind",
    creditLimit: 1,
    ops: {
      runJob: ({ vm, ctx }) => execOp(panthor, vm, ctx, true),
      freeJob: (job) => freeJob(panthor, job),
    },
  });
}

/** `panthor_vm_bind_free_job`: what takes locks is left to another work. */
function* freeJob(panthor: Panthor, job: BindJob): Steps<void> {
  job.cleanup();
  panthor.machine.queueWork("panthor cleanup", () => releaseBindJob(panthor, job));
}

/** `panthor_vm_bind_job_release` */
export function* releaseBindJob(panthor: Panthor, job: BindJob): Steps<void> {
  job.cleanup();
  yield* cleanupOp(panthor, job.vm, job.ctx);
  job.vm.gpuvm.put(job.ctx);
}
