/**
 * The events of the GPU scheduler and of fences: work, and waits for it.
 *
 * ```
 * drm_sched_job:        entity=P, id=N, fence=P, ring=S, job count:N, hw job count:N                    older kernels
 * drm_sched_job_queue:  dev=S, fence=CTX:SEQ, ring=S, job count:N, hw job count:N, client_id:N          newer, stable
 * drm_sched_job_add_dep: fence=CTX:SEQ depends on fence=CTX:SEQ                                         newer, stable
 * drm_sched_job_unschedulable: fence=CTX:SEQ depends on unsignalled fence=CTX:SEQ                       newer, stable
 * drm_sched_process_job, drm_sched_job_done:  fence=F signaled
 * dma_fence_wait_start: driver=S timeline=S context=N seqno=N
 * ```
 *
 * What work waits for follows its own event at once (`drm_sched_entity_push_job`): waits for work of other queues that is
 * under way are kept, as points of a timeline for each queue. What is told later, when the scheduler finds that it has to
 * wait, was told before. `drm_run_job` and `drm_sched_job_run` tell what the scheduler did, not what a program asked.
 */
import type { FtraceLine } from "./ftrace-line.ts";
import { field } from "./ftrace-line.ts";
import type { NeutralBuilder } from "./neutral-builder.ts";
import type { WorkOf } from "./queue-timelines.ts";
import type { Understood } from "./xe-events.ts";

/** A program rarely has more work in flight; a trace that lost its `done` events must not grow without end. */
const PENDING_MAX = 65_536;

/** What the scheduler and fences do by themselves. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...["drm_run_job", "drm_sched_job_run"],
  ...["drm_sched_job_wait_dep", "drm_sched_process_job", "drm_sched_job_done"],
  ...["emit", "init", "destroy", "enable_signal", "signaled", "wait_start", "wait_end"].map(
    (what) => `dma_fence_${what}`,
  ),
]);

const DEPENDS = /^fence=(\d{1,20}:\d{1,20}) depends on (?:unsignalled )?fence=(\d{1,20}:\d{1,20})$/;

/** Work that is under way. */
export class SchedEvents {
  readonly #pending = new Map<string, WorkOf>();

  /** `vm` names the VM for a job; the events don't say in which one it runs. */
  event(e: FtraceLine, build: NeutralBuilder, vm: () => number): Understood {
    switch (e.event) {
      case "drm_sched_job":
      case "drm_sched_job_queue": {
        const ring = `${field(e.text, "dev") ?? ""}/${field(e.text, "ring") ?? "?"}`;
        const work = build.submit(ring, vm());
        if (this.#pending.size >= PENDING_MAX) this.#pending.clear();
        this.#pending.set(field(e.text, "fence") ?? "?", work);
        return "used";
      }
      case "drm_sched_job_add_dep":
      case "drm_sched_job_unschedulable": {
        const [, fence, on] = DEPENDS.exec(e.text) ?? [];
        if (fence === undefined || on === undefined) return "unread";
        const work = this.#pending.get(fence);
        // Fences of what is no job, and of work that is done, hold nothing up.
        const other = this.#pending.get(on);
        return work !== undefined && other !== undefined && build.waitsFor(work, other) ? "used" : "harmless";
      }
      case "drm_sched_process_job":
      case "drm_sched_job_done":
        this.#pending.delete(field(e.text, "fence") ?? "?");
        return "harmless";
      case "dma_fence_wait_start": {
        const work = this.#pending.get(`${field(e.text, "context")}:${field(e.text, "seqno")}`);
        // Fences of what is no job, such as a bind's or the display's.
        if (work === undefined) return "harmless";
        build.wait(work.queue, work.fence);
        return "used";
      }
      default:
        return HARMLESS.has(e.event) ? "harmless" : "unread";
    }
  }
}
