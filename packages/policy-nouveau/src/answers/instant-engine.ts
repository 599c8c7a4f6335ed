import type { GpuJob } from "@gpuvm/drm-model";

/** A GPU without work: a job is done as soon as what it waits for is done. */
export class InstantEngine {
  /** Queues a job behind its dependencies. */
  submit(job: GpuJob): void {
    let waiting = 1;
    const ready = () => {
      if (--waiting > 0) return;
      job.uses?.starts();
      job.uses?.stops();
      job.fence.signal();
    };
    for (const fence of job.after) {
      if (fence.signaled) continue;
      waiting++;
      fence.onSignal(ready);
    }
    ready();
  }
}
