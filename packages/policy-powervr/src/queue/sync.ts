import { EINVAL, ENOENT, ENOMEM, type Errno } from "@gpuvm/core";
import { type CountedFence, type SyncObj, type SyncOp, unwrapFence } from "@gpuvm/drm-model";
import type { PvrFile } from "../file.ts";
import type { PvrJob } from "./job.ts";

/** What a submit signals: a syncobj, or a point of it, and the fence that it will have (`struct pvr_sync_signal`). */
interface Signal {
  readonly handle: number;
  /** 0: it is no timeline. */
  readonly point: number;
  readonly syncobj: SyncObj;
  /** Counted. */
  fence: CountedFence | null;
}

const HOLDER = "ioctl";

/** What the jobs of one submit signal, in the order in which they name it. */
export class Signals {
  readonly file: PvrFile;
  readonly all: Signal[] = [];

  /** Nothing yet. */
  constructor(file: PvrFile) {
    this.file = file;
  }

  /** `pvr_sync_signal_array_collect_ops`; -EINVAL for an unknown syncobj, -ENOMEM. */
  collect(ops: readonly SyncOp[]): Errno {
    const { dev } = this.file.machine;
    for (const { handle, wait, point = 0 } of ops) {
      if (wait || this.#of(handle, point) !== undefined) continue;
      // pvr_sync_signal_array_add
      if (point > 0 && !dev.mayAlloc("dma_fence_chain")) return -ENOMEM;
      const syncobj = this.file.syncobjs.get(handle);
      if (syncobj === undefined) return -EINVAL;
      syncobj.refs++;
      this.all.push({ handle, point, syncobj, fence: syncobj.find(HOLDER, point) });
    }
    return 0;
  }

  /**
   * A job waits for syncobjs (`pvr_sync_add_deps_to_job`): for what a job before it in the same submit signals, or for
   * what is in them.
   *
   * @returns 0; -ENOENT for an unknown syncobj; -EINVAL for an empty one, or one without so late a point
   */
  addWaits(job: PvrJob, ops: readonly SyncOp[]): Errno {
    for (const { handle, wait, point = 0 } of ops) {
      if (!wait) continue;
      const signal = this.#of(handle, point);
      const syncobj = this.file.syncobjs.get(handle);
      if (signal === undefined && syncobj === undefined) return -ENOENT;
      const fence = signal === undefined ? syncobj?.find(HOLDER, point) : signal.fence?.get(HOLDER);
      if (fence === null || fence === undefined) return -EINVAL;
      addDep(job, fence);
      fence.put(HOLDER);
    }
    return 0;
  }

  /** `pvr_sync_signal_array_update_fences`. */
  update(ops: readonly SyncOp[], finished: CountedFence): void {
    for (const { handle, wait, point = 0 } of ops) {
      const signal = wait ? undefined : this.#of(handle, point);
      if (signal === undefined) continue;
      finished.get(HOLDER);
      signal.fence?.put(HOLDER);
      signal.fence = finished;
    }
  }

  /** The syncobjs get their fences, or a point more (`pvr_sync_signal_array_push_fences`). */
  push(): void {
    for (const { syncobj, point, fence } of this.all) {
      if (point === 0 || fence === null) syncobj.replace(fence);
      else syncobj.add(point, fence);
    }
  }

  /** `pvr_sync_signal_array_cleanup`. */
  cleanup(): void {
    for (const { syncobj, fence } of this.all) {
      syncobj.put();
      fence?.put(HOLDER);
    }
    if (this.all.length > 0) this.all.length = 0;
  }

  /** Of a syncobj (`pvr_sync_signal_array_search`). */
  #of(handle: number, point: number): Signal | undefined {
    return this.all.find((signal) => signal.handle === handle && signal.point === point);
  }
}

/**
 * `pvr_sync_add_dep_to_job`: of the driver's own jobs it is enough that they were scheduled, as the firmware waits for them. A point
 * of a timeline with none of these is waited for as a whole, one with some fence by fence.
 */
function addDep(job: PvrJob, fence: CountedFence): void {
  const fences = unwrapFence(fence);
  const isNative = ({ sched }: CountedFence) => sched !== null;
  for (const one of fences.some(isNative) ? fences : [fence])
    job.addDependency((one.sched?.scheduled ?? one).get(job));
}
