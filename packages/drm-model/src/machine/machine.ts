import {
  type DeviceOptions,
  DmaFence,
  DrmDevice,
  GpuvmError,
  Ledger,
  Lockdep,
  STRAIGHT,
  type Steps,
  Task,
  type TaskContext,
} from "@gpuvm/core";
import { FenceOrder } from "../gpu/fence-order.ts";
import type { InUse } from "../gpu/in-use.ts";
import { Memory } from "../memory/memory.ts";
import type { Surroundings } from "../memory/surroundings.ts";
import { behind } from "./behind.ts";
import { Counts } from "./counts.ts";
import type { Hazard, HazardKind } from "./hazard.ts";
import { Straight } from "./straight.ts";
import { Thread } from "./thread.ts";
import { Timers } from "./timers.ts";
import type { StepCounts, VmRecord } from "./vm-record.ts";
import { Work } from "./work.ts";
import { WorkQueue } from "./work-queue.ts";

/** How a machine is made. */
export interface MachineOptions {
  /** Records the holder of every reference, and the history of every object; costs time and memory. */
  readonly audit?: boolean;
  /** Checks the locking rules; costs time. */
  readonly lockdep?: boolean | Lockdep;
  /** Follows what the GPU sees: entries that it may have cached, and what its jobs use; costs time. */
  readonly watch?: boolean;
  /**
   * Schedulers' timeouts run; default: work is taken to end in time, and no timer is set for it.
   */
  readonly timeouts?: boolean;
  /**
   * Who goes on next is chosen as on one CPU without preemption: first woken, first run; a worker goes on until nothing is
   * queued; who sleeps in a wait queue is woken youngest first. Default: whoever waits goes first.
   */
  readonly oneCpu?: boolean;
  /**
   * Modelled nanoseconds until a file that a kernel thread put is released (`delayed_fput_work`), for calls that are not
   * made by programs; default: with the next work.
   */
  readonly fputDelayNs?: number;
  /**
   * Nanoseconds of a tick of the kernel's clock (1 / HZ): work that is delayed begins at one, as the timer wheel rounds it, and
   * not before its time is over. Default: exactly then.
   */
  readonly jiffyNs?: number;
  /** Modelled time of one GPU job in nanoseconds; default 10 ms. */
  readonly jobNs?: number;
  /**
   * How the memory of objects lies of which nothing else is known, in bytes: see `Bo.contiguity`; default: as the
   * driver says.
   */
  readonly contiguity?: number;
  /**
   * Bytes of the device's own memory, for drivers of devices that can have some; default: as the driver says. What does not
   * fit is evicted.
   */
  readonly vram?: number;
  /**
   * Bytes of the host's memory that the GPU reaches at a time, for drivers that keep to a limit; default: as much as there is. What
   * is more goes out of its reach.
   */
  readonly gart?: number;
  /**
   * Bytes of the host's memory that objects may have, for drivers that keep to a limit; default: as much as they want. What
   * is more goes to swap.
   */
  readonly memory?: number;
}

/** History lines kept for each object. */
const HISTORY = 32;

/**
 * What surrounds the VMs: the device, a virtual clock, workers, and what is counted and found. Calls run to their
 * end unless they must wait; then workers and the clock go on, in a fixed order, until they can. Nothing depends on
 * real time or chance.
 */
export class Machine implements Surroundings {
  /** The device of the core. */
  readonly dev: DrmDevice;
  /** How it was made. */
  readonly options: MachineOptions;
  /** What was counted so far. */
  readonly counts: Counts = new Counts();
  /** What was found so far. */
  readonly hazards: Hazard[] = [];
  /** Every VM that was made, in order, but those of {@link Machine.forgetFreedVms}. */
  readonly vms: VmRecord[] = [];
  /** Steps of the VMs that were forgotten. */
  readonly forgotten: { readonly steps: StepCounts; readonly teardown: StepCounts } = {
    steps: { map: 0, unmap: 0, remap: 0 },
    teardown: { map: 0, unmap: 0, remap: 0 },
  };
  /** Bytes: allocated, retained. */
  readonly memory: Memory;
  /** What is to happen when. The machine's own clock fires these; an explorer takes them as choices. */
  readonly timers: Timers = new Timers();
  /** Work not yet begun, oldest first. */
  readonly pending: WorkQueue = new WorkQueue();
  /** Calls of workers that wait. */
  readonly blocked: Thread[] = [];
  /** Jobs that are in use, on a machine that watches: the fence is pending, or the GPU works on them. */
  readonly inUse: Set<InUse> = new Set();
  /** What programs keep descriptors of, by the number that a trace gives them, and the file that it was made of. */
  readonly descriptors: Map<number, { readonly of: object; readonly what: unknown }> = new Map();
  /** Work that was ever queued: who wants to know whether a call left any compares. */
  worked = 0;
  /** Virtual time in nanoseconds. */
  now = 0;
  readonly #history: Map<string, string[]> | null;
  readonly #main = new Task("main");
  #contexts = 0;
  readonly #order: FenceOrder = new FenceOrder(this);
  /** Runs calls where they are plain functions; null: they are generators. */
  readonly #straight: Straight | null = null;
  /** Who waits for the CPU, with {@link MachineOptions.oneCpu}. */
  readonly #runnable: (Thread | "worker")[] = [];

  /** A machine at time 0. */
  constructor(options: MachineOptions = {}) {
    this.options = options;
    const device: DeviceOptions = {
      ...(options.audit ? { ledger: new Ledger() } : {}),
      ...(options.lockdep ? { lockdep: options.lockdep === true ? new Lockdep() : options.lockdep } : {}),
      onWarn: (message) => this.hazard("kernel-warning", "drm_gpuvm", message),
    };
    this.dev = new DrmDevice(device);
    if (STRAIGHT) this.#straight = this.#straightOn(this.dev);
    this.memory = new Memory(this);
    this.#history = options.audit ? new Map() : null;
  }

  /** A new timeline (`dma_fence_context_alloc`). */
  fenceContext(): number {
    return ++this.#contexts;
  }

  /** A fence of a timeline; `shown` false: nobody but a scheduler looks at it, which takes a job for done by its own. */
  fence(context: number, seqno: number, shown = true): DmaFence {
    return shown && this.options.watch === true
      ? this.#order.fence(context, seqno)
      : new DmaFence(context, seqno);
  }

  /** Something that must not happen did. */
  hazard(kind: HazardKind, object: string, detail: string): void {
    this.hazards.push({
      kind,
      object,
      detail,
      at: this.now,
      history: this.#history?.get(object)?.slice() ?? [],
    });
  }

  /** Whether histories are kept: ask before building a line. */
  get auditing(): boolean {
    return this.#history !== null;
  }

  /** Keeps a line in an object's history. */
  note(object: string, line: string): void {
    if (this.#history === null) return;
    const lines = this.#history.get(object);
    const text = `${(this.now / 1e6).toFixed(3)} ms ${this.dev.current.name}: ${line}`;
    if (lines === undefined) this.#history.set(object, [text]);
    else {
      lines.push(text);
      if (lines.length > HISTORY) lines.splice(1, 1);
    }
  }

  /** An object's history, oldest first. */
  historyOf(object: string): readonly string[] {
    return this.#history?.get(object) ?? [];
  }

  /** Drops the records of VMs that are freed; their steps are kept as sums. For runs without end. */
  forgetFreedVms(): void {
    for (const { steps, teardown } of this.vms.filter((record) => record.freed)) {
      addSteps(this.forgotten.steps, steps);
      addSteps(this.forgotten.teardown, teardown);
    }
    this.vms.splice(0, this.vms.length, ...this.vms.filter((record) => !record.freed));
  }

  /**
   * Queues work for a worker (`queue_work`, a scheduler's `run_job` and `free_job`); `system`: on the system's workqueue
   * (`schedule_work`). In the machine's own order whichever of the two kinds has work first goes on until it has none.
   */
  queueWork(label: string, start: () => Steps<void>, context: TaskContext = "process", system = false): void {
    this.queue(new Work(label, start, context, system));
  }

  /** Queues work that is made once, and queued at most once at a time. */
  queue(work: Work): void {
    this.worked++;
    this.pending.push(work);
  }

  /** As {@link Machine.queueWork}, for work that first waits for some fences, one after the other. */
  queueWorkBehind(fences: readonly DmaFence[], label: string, start: () => Steps<void>): void {
    if (!STRAIGHT) this.queueWork(label, () => behind(this.dev, fences, label, start));
    else this.queue(new Work(label, start, "process", false, false, fences));
  }

  /** As {@link Machine.queue}, for work that is urgent: a worker with a real-time priority does it (`kthread_queue_work` behind `sched_set_fifo`). */
  queueUrgent(work: Work): void {
    this.pending.pushUrgent(work);
  }

  /**
   * Runs a call of a program (or, of a function, the one that it begins) to its end, letting workers and time go on while it waits, and then all workers that
   * can run. A broken rule of the core is recorded as a hazard.
   *
   * @param lazy workers run only while the call waits, then all that can, before it goes on; others are left for later
   * @returns what the call returned, or undefined if it broke a rule
   * @throws GpuvmError `DEADLOCK` if it waits for something that nothing brings about
   */
  call<T>(steps: Steps<T> | (() => Steps<T>), task: Task = this.#main, lazy = false): T | undefined {
    if (this.#straight !== null) return this.#straight.call(steps, task, lazy);
    const thread = new Thread(task, typeof steps === "function" ? steps() : steps);
    for (this.#advance(thread); !thread.done; this.#advance(thread)) {
      if (!this.#progress()) {
        throw new GpuvmError(
          "DEADLOCK",
          `${task.name} waits for ${thread.waitsFor}, and nothing else can run`,
        );
      }
      if (lazy) this.settle();
    }
    if (!lazy) this.settle();
    return thread.result;
  }

  /**
   * When a timer fires that is set now for `ns` nanoseconds later (`calc_wheel_index`): at the next whole granule of its
   * level of the timer wheel, where the machine has {@link MachineOptions.jiffyNs}.
   */
  timerIn(ns: number): number {
    const { jiffyNs } = this.options;
    if (jiffyNs === undefined) return this.now + ns;
    const wait = Math.ceil(ns / jiffyNs);
    let granule = 1;
    for (let limit = 63; wait >= limit; limit *= 8) granule *= 8;
    const expires = Math.floor(this.now / jiffyNs) + wait;
    return (Math.floor(expires / granule) + 1) * granule * jiffyNs;
  }

  /** Runs workers until none can go on; time stands still. */
  settle(): void {
    if (this.#straight !== null) this.#straight.settle();
    else while (this.#runWorker()) {}
  }

  /** Lets time pass until `at`, with everything that is due by then. */
  advanceTo(at: number): void {
    while (this.timers.isDue(at)) {
      this.#fire();
      this.settle();
    }
    if (at > this.now) this.#setNow(at);
  }

  /** Lets time pass until nothing is left to do. */
  quiesce(): void {
    this.settle();
    while (this.timers.size > 0) {
      this.#fire();
      this.settle();
    }
  }

  /** Takes the oldest pending work off and makes a call of it. */
  startWork(work: Work): Thread<void> {
    return new Thread(new Task(work.label, work.context), work.start());
  }

  #progress(): boolean {
    if (this.#runWorker()) return true;
    if (this.timers.size === 0) return false;
    this.#fire();
    return true;
  }

  #runWorker(): boolean {
    if (this.#straight !== null) return this.#straight.runWorker();
    const thread = this.options.oneCpu === true ? this.#nextOnCpu() : (this.#nextReady() ?? this.#nextWork());
    if (thread === undefined) return false;
    this.#advance(thread);
    if (thread.done) return true;
    this.blocked.push(thread);
    const { task, blockedOn } = thread;
    if (task.context === "signalling" && blockedOn !== null) {
      const what = `${task.name} waits for ${blockedOn.name} in the path that signals fences`;
      this.hazard("wait-in-signalling", blockedOn.name, what);
    }
    return true;
  }

  /** The first of those that waited and can go on; real-time work comes before. */
  #nextReady(): Thread | undefined {
    if (this.pending.first?.urgent === true) return undefined;
    const at = this.blocked.findIndex((thread) => thread.ready());
    return at < 0 ? undefined : this.blocked.splice(at, 1)[0];
  }

  /** {@link MachineOptions.oneCpu}: who has waited longest for the CPU; a worker goes on until nothing is queued. */
  #nextOnCpu(): Thread | undefined {
    if (this.pending.first?.urgent === true) return this.#nextWork();
    this.#noticeWoken();
    const queue = this.#runnable;
    if (queue[0] === "worker" && this.pending.length === 0) queue.shift();
    for (let next = queue[0]; next !== undefined; next = queue[0]) {
      if (next === "worker") return this.#nextWork();
      queue.shift();
      const at = this.blocked.indexOf(next);
      if (at < 0 || !next.ready()) continue;
      this.blocked.splice(at, 1);
      return next;
    }
    return undefined;
  }

  /** Whoever can go on since the last look is put behind the others: what is let go of last, a lock, wakes last. */
  #noticeWoken(): void {
    const queue = this.#runnable;
    const woken = this.blocked.filter((thread) => !queue.includes(thread) && thread.ready());
    const on = (what: Thread["waitsOn"]) => woken.filter(({ waitsOn }) => waitsOn === what);
    queue.push(...on("fence"), ...on("queue").reverse());
    if (this.pending.length > 0 && !queue.includes("worker")) queue.push("worker");
    // Of those that wait for one lock, the one that has waited longest is woken.
    const taken = new Set(queue.map((next) => (next === "worker" ? null : next.waitsForLock)));
    for (const thread of on("lock")) {
      if (taken.has(thread.waitsForLock)) continue;
      taken.add(thread.waitsForLock);
      queue.push(thread);
    }
  }

  #nextWork(): Thread | undefined {
    const work = this.pending.take();
    return work === undefined ? undefined : this.startWork(work);
  }

  #straightOn(dev: DrmDevice): Straight {
    if (this.options.oneCpu === true)
      throw new TypeError("plain functions run in one order only, and not as on one CPU");
    return new Straight(dev, this.pending, {
      progress: () => this.#progress(),
      failed: (error, task) => this.#failed(error, task),
    });
  }

  /** Runs a call until it is done or has to wait. */
  #advance(thread: Thread): void {
    const before = this.dev.current;
    try {
      while (!thread.done && thread.ready()) thread.step(this.dev);
    } catch (error) {
      thread.done = true;
      this.#failed(error, thread.task);
    }
    this.dev.current = before;
  }

  /** A call broke a rule of the core, which ends it. */
  #failed(error: unknown, task: Task): void {
    if (!(error instanceof GpuvmError)) throw error;
    this.hazard(kindOf(error), error.objects[0] ?? task.name, `${task.name}: ${error.message}`);
  }

  #fire(): void {
    const timer = this.timers.pop();
    if (timer === undefined) return;
    if (timer.at > this.now) this.#setNow(timer.at);
    timer.fn(timer);
  }

  #setNow(at: number): void {
    this.memory.pass(at - this.now);
    this.now = at;
  }
}

function addSteps(sum: StepCounts, steps: StepCounts): void {
  sum.map += steps.map;
  sum.unmap += steps.unmap;
  sum.remap += steps.remap;
}

function kindOf(error: GpuvmError): HazardKind {
  if (error.code === "USE_AFTER_FREE" || error.code === "NOT_LINKED") return "use-after-free";
  if (error.code === "REFCOUNT" || error.code === "LEDGER") return "count-underflow";
  return "lock-rule";
}
