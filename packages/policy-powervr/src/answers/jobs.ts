import type { CountedFence } from "@gpuvm/drm-model";
import { type PvrJob, queuesOf } from "../queue/job.ts";
import { JOBS } from "./requests.ts";
import type { Line } from "./vms.ts";
import type { World } from "./world.ts";

/** The finished fence of a job, which the recorder keeps until it has told that it signalled. */
interface Kept {
  readonly n: number;
  readonly of: string;
  readonly fence: CountedFence;
}

/** What an answer tells of contexts, jobs and fences. */
export class JobViews {
  readonly world: World;
  kept: Kept[] = [];
  /** Jobs that were queued. */
  fenced = 0;

  /** No jobs. */
  constructor(world: World) {
    this.world = world;
  }

  /** A job was queued. */
  pushed(job: PvrJob): void {
    const { finished } = job.fence ?? {};
    if (finished === undefined) return;
    this.kept.push({ n: ++this.fenced, of: this.nameOf(job), fence: finished.get("recorder") });
  }

  /** `ctx1 geom`. */
  nameOf({ ctx, type }: PvrJob): string {
    return `ctx${this.world.contexts.of(ctx)} ${JOBS[type]}`;
  }

  /** Fences that were told to have signalled are kept no more. @returns those */
  drop(): Kept[] {
    const told = this.kept.filter(({ fence }) => fence.base.signaled);
    this.kept = this.kept.filter(({ fence }) => !fence.base.signaled);
    for (const { fence } of told) fence.put("recorder");
    return told;
  }

  /** The fences now. */
  fences(): Line[] {
    return this.kept.map(({ n, of, fence }) => ({ n, of, status: statusOf(fence) }));
  }

  /** The contexts now. */
  contexts(): Line[] {
    const { contexts, jobs } = this.world;
    return [...contexts.all()].map(([ctx, c]) => ({
      c,
      kref: ctx.refs,
      faulty: ctx.faulty ? 1 : 0,
      queues: queuesOf(ctx).map(({ type, entity, scheduler, inFlight, lastQueued }) => ({
        type: JOBS[type],
        pending: entity.queue.length,
        stopped: entity.stopped ? 1 : 0,
        inFlight,
        onPendingList: scheduler.running.map((job) => jobs.of(job)),
        lastQueuedScheduledFence: pendingOf(lastQueued),
        entityLastFinished: pendingOf(entity.lastScheduled),
      })),
    }));
  }

  /** The jobs now: number and references. */
  live(): [number, number][] {
    return [...this.world.jobs.all()].map(([{ refs }, n]) => [n, refs]);
  }
}

/** 0 pending, 1 signalled, or an error. */
export function statusOf({ base }: CountedFence): number {
  if (!base.signaled) return 0;
  return base.error === 0 ? 1 : base.error;
}

/** 0 none, 10 pending, 11 signalled. */
function pendingOf(fence: CountedFence | null): number {
  if (fence === null) return 0;
  return fence.base.signaled ? 11 : 10;
}
