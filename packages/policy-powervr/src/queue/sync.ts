import { EINVAL, ENOENT, type Errno } from "@gpuvm/core";
import type { CountedFence, SyncObj } from "@gpuvm/drm-model";
import type { PvrFile } from "../file.ts";
import type { PvrJob } from "./job.ts";

/** What a submit signals: a syncobj, and the fence that it will have (`struct pvr_sync_signal`). */
interface Signal {
  readonly handle: number;
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

  /** `pvr_sync_signal_array_collect_ops`; -EINVAL for an unknown syncobj. */
  collect(handles: readonly number[]): Errno {
    for (const handle of handles) {
      if (this.#of(handle) !== undefined) continue;
      const syncobj = this.file.syncobjs.get(handle);
      if (syncobj === undefined) return -EINVAL;
      syncobj.refs++;
      this.all.push({ handle, syncobj, fence: syncobj.find(HOLDER) });
    }
    return 0;
  }

  /**
   * A job waits for syncobjs (`pvr_sync_add_deps_to_job`): for what a job before it in the same submit signals, or for
   * what is in them.
   *
   * @returns 0; -ENOENT for an unknown syncobj; -EINVAL for an empty one
   */
  addWaits(job: PvrJob, handles: readonly number[]): Errno {
    for (const handle of handles) {
      const signal = this.#of(handle);
      const syncobj = this.file.syncobjs.get(handle);
      if (signal === undefined && syncobj === undefined) return -ENOENT;
      const fence = signal === undefined ? syncobj?.find(HOLDER) : signal.fence?.get(HOLDER);
      if (fence === null || fence === undefined) return -EINVAL;
      // The firmware waits for jobs of the driver's own: it is enough that they were scheduled.
      job.addDependency((fence.sched?.scheduled ?? fence).get(job));
      fence.put(HOLDER);
    }
    return 0;
  }

  /** `pvr_sync_signal_array_update_fences`. */
  update(handles: readonly number[], finished: CountedFence): void {
    for (const handle of handles) {
      const signal = this.#of(handle);
      if (signal === undefined) continue;
      finished.get(HOLDER);
      signal.fence?.put(HOLDER);
      signal.fence = finished;
    }
  }

  /** The syncobjs get their fences (`pvr_sync_signal_array_push_fences`). */
  push(): void {
    for (const { syncobj, fence } of this.all) syncobj.replace(fence);
  }

  /** `pvr_sync_signal_array_cleanup`. */
  cleanup(): void {
    for (const { syncobj, fence } of this.all) {
      syncobj.put();
      fence?.put(HOLDER);
    }
    this.all.length = 0;
  }

  /** Of a syncobj (`pvr_sync_signal_array_search`). */
  #of(handle: number): Signal | undefined {
    return this.all.find((signal) => signal.handle === handle);
  }
}
