import { type DmaFence, ENOENT, ENOMEM, type Errno } from "@gpuvm/core";
import { findFences, type SyncObj, type SyncOp } from "@gpuvm/drm-model";
import type { NouveauCli } from "../cli.ts";

/** A syncobj that a job signals, and the point; the job holds it until it is attached. */
interface OutSync {
  readonly syncobj: SyncObj;
  readonly point: number;
}

/** What a job waits for, and what it signals (`in_sync`, `out_sync`). */
export class JobSyncs {
  readonly #cli: NouveauCli;
  readonly #ops: readonly SyncOp[];
  readonly #outs: OutSync[] = [];

  /** Of a call; nothing is looked up yet. */
  constructor(cli: NouveauCli, ops: readonly SyncOp[]) {
    this.#cli = cli;
    this.#ops = ops;
  }

  /**
   * The fences that it waits for now (`sync_find_fence`): what a syncobj gets later is nothing to this job.
   *
   * @returns -ENOENT: no such syncobj; -EINVAL: it has no fence yet, or not for so late a point
   */
  find(): DmaFence[] | Errno {
    return findFences(this.#cli.syncobjs, this.#ops);
  }

  /** Looks up what it signals, so that nothing fails afterwards (`nouveau_job_fence_attach_prepare`); -ENOENT, -ENOMEM. */
  prepareAttach(): Errno {
    const { dev } = this.#cli.machine;
    for (const { handle, wait, point = 0 } of this.#ops) {
      if (wait) continue;
      const syncobj = this.#cli.syncobjs.get(handle);
      let ret: Errno = syncobj === undefined ? -ENOENT : 0;
      if (ret === 0 && point > 0 && !dev.mayAlloc("dma_fence_chain")) ret = -ENOMEM;
      if (ret !== 0 || syncobj === undefined) {
        this.cleanUpAttach();
        return ret;
      }
      syncobj.refs++;
      this.#outs.push({ syncobj, point });
    }
    return 0;
  }

  /** The job is not submitted (`nouveau_job_fence_attach_cleanup`). */
  cleanUpAttach(): void {
    for (const { syncobj } of this.#outs.splice(0)) syncobj.put();
  }

  /** The syncobjs get its fence, or a point more (`nouveau_job_fence_attach`). */
  attach(fence: DmaFence): void {
    const { dev } = this.#cli.machine;
    for (const { syncobj, point } of this.#outs) syncobj.set(dev, fence, point);
    this.cleanUpAttach();
  }
}
