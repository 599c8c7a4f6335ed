import type { DmaFence, Steps } from "@gpuvm/core";
import { Kref, WorkItem } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { type KernelBo, kernelBoDestroy } from "../gem/kernel-bo.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import { checkCompletion } from "./completion.ts";
import { processTilerOom } from "./oom.ts";
import { freeQueue, type PanthorQueue } from "./queue.ts";
import { terminated } from "./term.ts";

/** What the firmware says of a group (`enum panthor_group_state`). */
export type GroupState = "created" | "active" | "suspended" | "terminated";

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
  readonly submitted: Map<number, DmaFence> = new Map();
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

  /** A group with one reference, of the creator. It takes over the caller's reference on the VM. */
  constructor(panthor: Panthor, vm: PanthorVm, priority: number) {
    const { machine } = panthor;
    this.vm = vm;
    this.priority = priority;
    this.kref = new Kref(machine.dev, `queue#${machine.dev.serial()}`, "creator", () => {
      // `group_release`: freed by a work, as it takes locks.
      machine.queueWork("panthor group_release_work", () => this.#release(panthor));
    });
    const item = (label: string, work: () => Steps<void>, signalling = true) =>
      new WorkItem(machine, `panthor ${label}`, work, signalling ? "signalling" : "process");
    this.termWork = item("group_term_work", () => terminated(panthor, this));
    this.syncUpdWork = item("group_sync_upd_work", () => this.#syncUpdated(panthor));
    this.tilerOomWork = item("group_tiler_oom_work", () => processTilerOom(panthor, this), false);
    machine.dev.ledger?.move(vm.gpuvm, "ioctl", this.kref);
  }

  /** Whether each of its queues is idle or blocked. */
  get isIdle(): boolean {
    return this.queues.every((_, i) => ((this.idleQueues | this.blockedQueues) & (1 << i)) !== 0);
  }

  /** Whether its work may go on (`group_can_run`). */
  get canRun(): boolean {
    return this.state !== "terminated" && !this.destroyed && this.fatalQueues === 0 && !this.timedout;
  }

  /** Goes to the end of a list, off the one that it is on; null: off all. */
  moveTo(list: PanthorGroup[] | null, first = false): void {
    const at = this.runList?.indexOf(this) ?? -1;
    if (at >= 0) this.runList?.splice(at, 1);
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

  *#syncUpdated(panthor: Panthor): Steps<void> {
    for (const queue of this.queues) checkCompletion(panthor, queue);
    this.kref.put(this.holderOf(this.syncUpdWork));
  }

  *#release(panthor: Panthor): Steps<void> {
    for (const queue of this.queues) yield* freeQueue(panthor, queue);
    for (const kbo of this.memory.splice(0)) yield* kernelBoDestroy(panthor, kbo);
    this.vm.gpuvm.put(this.kref);
    panthor.onGroupFree?.(this);
  }
}
