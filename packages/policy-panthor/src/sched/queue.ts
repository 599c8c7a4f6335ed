import type { Steps } from "@gpuvm/core";
import { type CountedFence, DelayedWork, DrmScheduler, SchedEntity, WorkItem } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { vunmapBo } from "../gem/bo.ts";
import { type KernelBo, kernelBoDestroy } from "../gem/kernel-bo.ts";
import { checkCompletion } from "./completion.ts";
import type { PanthorGroup } from "./group.ts";
import type { PanthorJob } from "./job.ts";
import type { TilerOom } from "./oom.ts";
import { runJob, timedoutJob } from "./run-job.ts";
import type { SyncWait } from "./syncwait.ts";

/** 5 s (`JOB_TIMEOUT_MS`). */
export const JOB_TIMEOUT_NS = 5_000_000_000;

/** A queue of a group (`struct panthor_queue`): a scheduler of its own, and a ring buffer that the firmware reads. */
export class PanthorQueue {
  /** The group. It holds the queue, not the other way round. */
  readonly group: PanthorGroup;
  /** Its number in the group. */
  readonly index: number;
  /** Gives jobs to the ring buffer. */
  readonly scheduler: DrmScheduler<PanthorJob>;
  /** The jobs that wait for that. */
  readonly entity: SchedEntity<PanthorJob>;
  /** Timeline of the jobs' own fences. */
  readonly context: number;
  /** Jobs that were given to the ring buffer. */
  seqno = 0;
  /** What the GPU has written: the job up to which everything is done. */
  done = 0;
  /** The job that the GPU works on; null: none. */
  onGpu: PanthorJob | null = null;
  /** Jobs in the ring buffer that are not known to be done, oldest first; counted. */
  readonly inFlight: PanthorJob[] = [];
  /** Fence of the last job; counted (`fence_ctx.last_fence`). */
  lastFence: CountedFence | null = null;
  /** `ringbuf`, `iface.mem`, `profiling.slots`, in this order. */
  readonly memory: KernelBo[] = [];
  /** What its tiler wants; null: nothing. */
  oom: TilerOom | null = null;
  /** What it waits for; the object is held, and mapped by the kernel. */
  syncwait: SyncWait | null = null;
  /** `timeout.work` */
  readonly timeout: DelayedWork;
  /** Time left when the clock was stopped; null: it runs. */
  remaining: number | null = JOB_TIMEOUT_NS;
  #expires = 0;
  /** The clock must not run (`disable_delayed_work_sync`). */
  timeoutDisabled = false;

  /** When it expires; while it runs. */
  get expires(): number {
    return this.#expires;
  }

  set expires(at: number) {
    this.#expires = at;
  }

  /** An empty queue, without memory. */
  constructor(panthor: Panthor, group: PanthorGroup, index: number, ringBytes: number) {
    const { machine } = panthor;
    this.group = group;
    this.index = index;
    this.context = machine.fenceContext();
    this.scheduler = new DrmScheduler<PanthorJob>(machine, {
      name: "panthor queue",
      // One credit an instruction.
      creditLimit: ringBytes / 8,
      ops: {
        runJob: (job) => runJob(panthor, job),
        freeJob: (job) => putJob(job),
        timedoutJob: (job) => timedoutJob(panthor, job),
      },
    });
    this.entity = new SchedEntity(`${group.kref.name} queue ${index}`, this.scheduler, group);
    this.timeout = new DelayedWork(
      new WorkItem(machine, "panthor queue_timeout_work", () => timeoutWork(panthor, this)),
    );
  }
}

function* putJob(job: PanthorJob): Steps<void> {
  job.kref.put(job.scheduled);
}

/** `queue_timeout_work`: with progress it was a false alarm. */
function* timeoutWork(panthor: Panthor, queue: PanthorQueue): Steps<void> {
  if (!checkCompletion(panthor, queue)) queue.scheduler.fault();
}

/** The queue goes (`group_free_queue`). No job is left: each holds the group. */
export function* freeQueue(panthor: Panthor, queue: PanthorQueue): Steps<void> {
  queue.timeoutDisabled = true;
  queue.timeout.cancel();
  yield* queue.entity.destroy({ process: null, exiting: false, killed: false });
  queue.scheduler.fini();
  yield* putSyncwait(panthor, queue);
  for (const kbo of queue.memory.splice(0)) yield* kernelBoDestroy(panthor, kbo);
  queue.lastFence?.put(queue.entity);
  queue.lastFence = null;
}

/** `panthor_queue_put_syncwait_obj` */
export function* putSyncwait(panthor: Panthor, queue: PanthorQueue): Steps<void> {
  const { syncwait } = queue;
  if (syncwait === null || syncwait.bo === null) return;
  const { bo } = syncwait;
  syncwait.bo = null;
  yield* vunmapBo(panthor, bo);
  bo.put(queue.entity);
}
