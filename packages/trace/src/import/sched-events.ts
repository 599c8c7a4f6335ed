/**
 * The events of the GPU scheduler and of fences: work, and waits for it.
 *
 * ```
 * drm_sched_job:        entity=P, id=N, fence=P, ring=S, job count:N, hw job count:N                    older kernels
 * drm_sched_job_queue:  dev=S, fence=CTX:SEQ, ring=S, job count:N, hw job count:N, client_id:N          newer, stable
 * drm_sched_process_job, drm_sched_job_done:  fence=F signaled
 * dma_fence_wait_start: driver=S timeline=S context=N seqno=N
 * ```
 *
 * `drm_run_job` and `drm_sched_job_run` tell what the scheduler did, not what a program asked.
 */
import type { FtraceLine } from "./ftrace-line.ts";
import { field } from "./ftrace-line.ts";
import type { NeutralBuilder } from "./neutral-builder.ts";

/** A program rarely has more work in flight; a trace that lost its `done` events must not grow without end. */
const PENDING_MAX = 65_536;

/** Gives false for an event that asks nothing of a driver. */
export class SchedEvents {
  readonly #pending = new Map<string, { queue: number; fence: number }>();

  /** `vm` names the VM for a job; the events don't say in which one it runs. */
  event(e: FtraceLine, build: NeutralBuilder, vm: () => number): boolean {
    switch (e.event) {
      case "drm_sched_job":
      case "drm_sched_job_queue": {
        const ring = `${field(e.text, "dev") ?? ""}/${field(e.text, "ring") ?? "?"}`;
        const work = build.submit(ring, vm());
        if (this.#pending.size >= PENDING_MAX) this.#pending.clear();
        this.#pending.set(field(e.text, "fence") ?? "?", work);
        return true;
      }
      case "drm_sched_process_job":
      case "drm_sched_job_done":
        this.#pending.delete(field(e.text, "fence") ?? "?");
        return false;
      case "dma_fence_wait_start": {
        const work = this.#pending.get(`${field(e.text, "context")}:${field(e.text, "seqno")}`);
        if (work === undefined) return false;
        build.wait(work.queue, work.fence);
        return true;
      }
      default:
        return false;
    }
  }
}
