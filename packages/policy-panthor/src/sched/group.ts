import type { Counted, DrmDevice, Steps } from "@gpuvm/core";
import {
  CountedFence,
  comesToLife,
  DelayedWork,
  type DrmScheduler,
  type InUse,
  Kref,
  type Machine,
  removeFrom,
  SchedEntity,
  SchedJob,
  WorkItem,
} from "@gpuvm/drm-model";
import type { KernelBo, PanthorBo } from "../gem/bo.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import { JobFences } from "./job-fences.ts";

/*
 * What groups, their queues and the jobs of those are. What is done with them stands in the other files of this folder.
 */

/** What the firmware says of a group (`enum panthor_group_state`). */
export type GroupState = "created" | "active" | "suspended" | "terminated";

/** What the firmware says of a tiler that wants memory. */
export interface TilerOom {
  /** The heap, by its number in the pool. */
  readonly heap: number;
  /** Render passes begun, with a vertex phase done, and with a fragment phase done. */
  readonly vtStart: number;
  readonly vtEnd: number;
  readonly fragEnd: number;
}

/** A value in memory that a queue waits for (`panthor_queue::syncwait`). */
export interface SyncWait {
  /** Where it is. */
  readonly addr: number;
  /** Whether it is there; the GPU writes it. */
  reached: boolean;
  /** The object that is there; with a reference and a mapping of the queue's, once somebody looked. */
  bo: PanthorBo | null;
}

/** What is done with a group by its work items, and at its end. */
export interface GroupWorks {
  /** `group_term_work` */
  readonly term: (group: PanthorGroup) => Steps<void>;
  /** `group_sync_upd_work` */
  readonly syncUpd: (group: PanthorGroup) => Steps<void>;
  /** `group_tiler_oom_work` */
  readonly tilerOom: (group: PanthorGroup) => Steps<void>;
  /** `group_release_work` */
  readonly release: (group: PanthorGroup) => Steps<void>;
}

/**
 * A scheduling group (`struct panthor_group`): queues that are given to the firmware together. Counted by the file's pool,
 * by each job, by its slot, and by work that is queued for it.
 */
export class PanthorGroup {
  /** References. */
  readonly kref: Kref;
  /** Where its work runs; counted. */
  readonly vm: PanthorVm;
  /** 0 low to 3 realtime. */
  readonly priority: number;
  /** Its queues. */
  readonly queues: PanthorQueue[] = [];
  /** What the firmware says of it. */
  state: GroupState = "created";
  /** Its slot, or -1. */
  csgId = -1;
  /** No new jobs: the pool has let go of it. */
  destroyed = false;
  /** No new jobs: one took too long. */
  timedout = false;
  /** It had to go although it did nothing wrong. */
  innocent = false;
  /** Queues that are broken, by bit. */
  fatalQueues = 0;
  /** Queues without something to do, by bit. */
  idleQueues = 0;
  /** Queues that wait for the GPU to write a value, by bit. */
  blockedQueues = 0;
  /** Queues whose tiler asked for memory, by bit. */
  tilerOom = 0;
  /** Fences of its jobs that have not signalled, by the job's number from 1 on: what the program's syncobjs have. */
  readonly submitted: JobFences = new JobFences();
  /** Jobs so far. */
  jobs = 0;
  /** `suspend_buf`, `protm_suspend_buf`, `syncobjs`, in this order. */
  readonly memory: KernelBo[] = [];
  /** The list of the scheduler's that it is on (`run_node`); null: none. */
  runList: PanthorGroup[] | null = null;
  /** `term_work` */
  readonly termWork: WorkItem;
  /** `sync_upd_work` */
  readonly syncUpdWork: WorkItem;
  /** `tiler_oom_work` */
  readonly tilerOomWork: WorkItem;

  /** A group with one reference, of the creator. It takes over the caller's reference on the VM. See `newGroup`. */
  constructor(machine: Machine, vm: PanthorVm, priority: number, works: GroupWorks) {
    this.vm = vm;
    this.priority = priority;
    this.kref = new Kref(machine.dev, `queue#${machine.dev.serial()}`, "creator", () => {
      // `group_release`: freed by a work, as it takes locks.
      machine.queueWork("panthor group_release_work", () => works.release(this));
    });
    const item = (label: string, work: (group: PanthorGroup) => Steps<void>, signalling = true) =>
      new WorkItem(machine, `panthor ${label}`, () => work(this), signalling ? "signalling" : "process");
    this.termWork = item("group_term_work", works.term);
    this.syncUpdWork = item("group_sync_upd_work", works.syncUpd);
    this.tilerOomWork = item("group_tiler_oom_work", works.tilerOom, false);
    machine.dev.ledger?.move(vm.gpuvm, "ioctl", this.kref);
  }

  /** Whether each of its queues is idle or blocked. */
  get isIdle(): boolean {
    const busy = ~(this.idleQueues | this.blockedQueues);
    for (const { index } of this.queues) if ((busy & (1 << index)) !== 0) return false;
    return true;
  }

  /** Whether the GPU has done all that it was given. */
  get isDone(): boolean {
    for (const { done, seqno } of this.queues) if (done !== seqno) return false;
    return true;
  }

  /** Whether its work may go on (`group_can_run`). */
  get canRun(): boolean {
    return this.state !== "terminated" && !this.destroyed && this.fatalQueues === 0 && !this.timedout;
  }

  /** Goes to the end of a list, off the one that it is on; null: off all. */
  moveTo(list: PanthorGroup[] | null, first = false): void {
    removeFrom(this.runList, this);
    this.runList = list;
    if (first) list?.unshift(this);
    else list?.push(this);
  }

  /** How work that is queued holds the group. */
  holderOf(work: WorkItem): string {
    return `${this.kref.name} ${work.label}`;
  }

  /** Queues work of the group's, which holds it (`group_queue_work`). */
  queueWork(work: WorkItem): void {
    this.kref.get(this.holderOf(work));
    if (!work.queue()) this.kref.put(this.holderOf(work));
  }
}

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

  /** When it expires; 0: it does not run. */
  get expires(): number {
    return this.#expires;
  }

  set expires(at: number) {
    this.#expires = at;
  }

  /** An empty queue, without memory: see `newQueue`. */
  constructor(
    machine: Machine,
    group: PanthorGroup,
    index: number,
    scheduler: DrmScheduler<PanthorJob>,
    timedOut: (queue: PanthorQueue) => Steps<void>,
  ) {
    this.group = group;
    this.index = index;
    this.context = machine.fenceContext();
    this.scheduler = scheduler;
    this.entity = new SchedEntity(`${group.kref.name} queue ${index}`, scheduler, group);
    this.timeout = new DelayedWork(new WorkItem(machine, "panthor queue_timeout_work", () => timedOut(this)));
  }
}

/** Instructions around a job's own, without profiling: what it takes of the ring buffer (`calc_job_credits`). */
const CREDITS = 16;

/**
 * A job (`struct panthor_job`). Counted by the call or the scheduler, and by its queue while it is in the ring buffer; holds
 * its group.
 */
export class PanthorJob extends SchedJob implements Counted {
  /** References. */
  refs = 1;
  /** Counted. */
  readonly group: PanthorGroup;
  /** Where it runs. */
  readonly queue: PanthorQueue;
  /** False: it has no commands, and only waits and signals. */
  readonly work: boolean;
  /** Holder of the call's, then the scheduler's reference. */
  readonly scheduled: string;
  /** Its own fence, without a scheduler; null: it has no commands, or was not given to the ring buffer. Counted. */
  doneFence: CountedFence | null = null;
  /** Its place in the ring buffer: the queue's number of it. */
  seqno = 0;
  /** The commands' first address. */
  readonly addr: number;
  /** What the GPU uses for it, on a machine that watches. */
  uses: InUse | undefined;

  /** Made by `createJob`, with one reference; `putJob` drops it. */
  constructor(dev: DrmDevice, queue: PanthorQueue, addr: number, bytes: number) {
    const name = dev.ledger === null ? "" : `submit#${dev.serial()}`;
    super(name, queue.entity, CREDITS);
    this.group = queue.group;
    this.queue = queue;
    this.work = bytes > 0;
    this.addr = addr;
    this.scheduled = "ioctl";
    this.group.kref.get(this);
    comesToLife(dev, this);
    dev.ledger?.get(this, this.scheduled);
  }

  /** Its own fence, on the queue's timeline. */
  initFence(machine: Machine): CountedFence {
    const { dev } = machine;
    this.seqno = ++this.queue.seqno;
    const name = dev.ledger === null ? "" : `fence#${dev.serial()}`;
    const base = machine.fence(this.queue.context, this.seqno);
    this.doneFence = new CountedFence(dev, base, name, this, null);
    return this.doneFence;
  }
}
