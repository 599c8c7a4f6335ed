import type { CountedFence, SchedFence } from "@gpuvm/drm-model";
import { BindJob } from "../../mmu/vm.ts";
import type { PanthorJob } from "../../sched/group.ts";
import type { World } from "./world.ts";

/** The finished fence of a job, which the recorder keeps until it has told that it signalled. */
interface Kept {
  readonly n: number;
  readonly of: string;
  readonly fence: CountedFence;
}

/** The finished fences of jobs and of operations of binds, in the order in which they were queued. */
export class Fences {
  readonly world: World;
  kept: Kept[] = [];
  #queued = 0;

  constructor(world: World) {
    this.world = world;
  }

  /** A job was queued. */
  pushed(job: PanthorJob | BindJob, place: number): void {
    if (this.world.asked === null && !(job instanceof BindJob)) return;
    const { finished } = job.fence as SchedFence;
    this.kept.push({ n: ++this.#queued, of: this.#nameOf(job, place), fence: finished.get("recorder") });
  }

  /** Fences that were told to have signalled are kept no more. @returns those */
  drop(): Kept[] {
    const told = this.kept.filter(({ fence }) => fence.base.signaled);
    this.kept = this.kept.filter(({ fence }) => !fence.base.signaled);
    for (const { fence } of told) fence.put("recorder");
    return told;
  }

  /** `submit g1 q0`, `bind vm1 op0`. */
  #nameOf(job: PanthorJob | BindJob, place: number): string {
    const { vms, asked } = this.world;
    return job instanceof BindJob
      ? `bind vm${vms.of(job.vm)} op${place}`
      : `submit g${asked} q${job.queue.index}`;
  }
}

/** 0 pending, 1 signalled, or an error. */
export function statusOf({ base }: CountedFence): number {
  if (!base.signaled) return 0;
  return base.error === 0 ? 1 : base.error;
}
