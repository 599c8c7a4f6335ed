import { EINVAL, ENOENT, type Errno } from "@gpuvm/core";
import type { CountedFence, SchedFence, SchedJob, SyncObj, SyncOp } from "@gpuvm/drm-model";
import type { PanthorFile } from "../panthor-file.ts";

/** A syncobj that jobs of a call signal, and the fence that it will have (`struct panthor_sync_signal`). */
interface Signal {
  readonly handle: number;
  readonly point: number;
  readonly syncobj: SyncObj;
  fence: CountedFence | null;
}

const HOLDER = "ioctl";

/** What the jobs of one call wait for and signal (`struct panthor_submit_ctx`). */
export class SubmitSyncs {
  readonly #file: PanthorFile;
  readonly #signals: Signal[] = [];

  /** Nothing yet. */
  constructor(file: PanthorFile) {
    this.#file = file;
  }

  /** Looks up what a job signals (`panthor_submit_ctx_collect_job_signal_ops`). */
  collect(ops: readonly SyncOp[]): Errno {
    for (const { handle, wait, point = 0 } of ops) {
      if (wait || this.#find(handle, point) !== undefined) continue;
      const syncobj = this.#file.syncobjs.get(handle);
      if (syncobj === undefined) return -EINVAL;
      syncobj.refs++;
      // What it has now: an earlier job of the call may wait for it.
      const fence = syncobj.find(HOLDER, point);
      this.#signals.push({ handle, point, syncobj, fence });
    }
    return 0;
  }

  /** A job waits for what its operations say: for an earlier job of the call, if that signals it (`panthor_submit_ctx_add_sync_deps_to_job`). */
  addDependencies(job: SchedJob, ops: readonly SyncOp[]): Errno {
    for (const { handle, wait, point = 0 } of ops) {
      if (!wait) continue;
      const signal = this.#find(handle, point);
      if (signal !== undefined) {
        if (signal.fence === null) return -EINVAL;
        job.addDependency(signal.fence.get(job));
        continue;
      }
      const syncobj = this.#file.syncobjs.get(handle);
      if (syncobj === undefined) return -ENOENT;
      const fence = syncobj.find(job, point);
      if (fence === null) return -EINVAL;
      job.addDependency(fence);
    }
    return 0;
  }

  /** The job's fence is what its operations signal (`panthor_submit_ctx_update_job_sync_signal_fences`). */
  signals(job: SchedJob, ops: readonly SyncOp[]): void {
    for (const { handle, wait, point = 0 } of ops) {
      const signal = wait ? undefined : this.#find(handle, point);
      if (signal === undefined) continue;
      signal.fence?.put(HOLDER);
      signal.fence = (job.fence as SchedFence).finished.get(HOLDER);
    }
  }

  /** Nothing can fail any more: the syncobjs have their fences (`panthor_submit_ctx_push_fences`). */
  push(): void {
    for (const { syncobj, point, fence } of this.#signals) {
      if (point === 0) syncobj.replace(fence);
      else if (fence !== null) syncobj.add(point, fence);
    }
  }

  /** The call ends. */
  free(): void {
    for (const { fence, syncobj } of this.#signals) {
      fence?.put(HOLDER);
      syncobj.put();
    }
  }

  #find(handle: number, point: number): Signal | undefined {
    return this.#signals.find((signal) => signal.handle === handle && signal.point === point);
  }
}
