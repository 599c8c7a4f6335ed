import { type DmaFence, type Gpuva, gemVmBos, gpuvaObj, gpuvmFirstVa, gpuvmNextVa } from "@gpuvm/core";
import type { VmRecord } from "../machine/vm-record.ts";
import type { Bo } from "../memory/bo.ts";
import type { GpuView } from "../memory/gpu-view.ts";
import type { RunningJob, Surroundings } from "../memory/surroundings.ts";

/*
 * What the GPU touches is one fact, what a fence says is another. A fence can signal while the GPU still works (a job that
 * hangs is retired before the reset), the GPU can work on a job again whose fence stays (a replay), and a job that was given up
 * is never begun. So two things are known of each job:
 *
 * - Its fence, from the submission until it signals: while it is pending, whoever looks at it keeps what the job will use.
 * - Its use, from `starts()` until `stops()`, which the hardware under a driver calls: an engine, a firmware slot, a reset. From
 *   one to the other the GPU works with the VM's tables, its TLB and the pages, whatever any fence says.
 *
 * A job is in use as long as one of the two is so. What is unmapped, evicted, given back or freed with the tables meanwhile
 * is found; if the fence had signalled by then, the finding says that it was believed.
 *
 * A driver notes the job where it submits it, and lets its hardware tell:
 *
 *     const uses = noteUse(machine, fence, { vm: record, keeps: "memory", settled });
 *     engine.submit({ fence, after, uses });        // GpuEngine tells by itself
 *     uses?.starts(); ... uses?.stops();            // hardware of the driver's own: when the GPU turns to it, and leaves it
 *
 * In an explored scenario these are steps of their own: `GpuEngine` ends a job with a step of time, `GpuEngine.hang()` makes the
 * job at hand one that never ends, and `GpuEngine.reset()`, called by the driver's recovery, makes the GPU leave it.
 */

/** What is told when the GPU turns to a job, and when it has left it; {@link InUse} follows both. */
export interface GpuUse {
  /** The GPU works on the job from now on. */
  starts(): void;
  /** It works on it no more, or will never: the job is done, the GPU was reset, or the job was taken away before it began. */
  stops(): void;
}

/** Where a job runs, and what it may count on: for a machine that watches what the GPU sees. */
export interface JobView {
  /** The VM. Everything that is mapped there when the job is submitted counts as used. */
  readonly vm: VmRecord;
  /** Only these objects count as used: the job lists what it touches. */
  readonly lists?: readonly Bo[];
  /** Those of them that it writes; absent: nobody says. */
  readonly writes?: readonly Bo[];
  /**
   * How long the job keeps what it uses: no page of it is evicted meanwhile; with `memory`, none is given back
   * either, whatever the program does; with `now`, it is what is mapped at that time, and unmapping is the program's affair.
   */
  readonly keeps: "pages" | "memory" | "now";
  /** Before the GPU works on it the job keeps nothing: whatever it has a fence on is looked at again when it starts. */
  readonly own?: boolean;
  /** The fence says that the GPU is done with it; or, with an error, that it has left it or never began. */
  readonly saysDone?: boolean;
  /** Mappings that are none of the job's affair. */
  readonly skips?: (va: Gpuva) => boolean;
  /** Nobody is between tree and page tables, or the job waits for whoever is: what is mapped must be there when it starts. */
  readonly settled: boolean;
  /** The GPU begins with it once at most, as no reset lets it begin again: {@link JobView.settled} decides nothing from then on. */
  readonly once?: boolean;
}

/** A machine on which jobs run; `Machine` is the only one. */
export interface Jobs extends Surroundings {
  /** Jobs that are in use. */
  readonly inUse: Set<InUse>;
}

/** One job, as long as its fence is pending or the GPU works on it. */
export class InUse implements RunningJob, GpuUse {
  /** What the GPU translates with. */
  readonly pt: GpuView;
  /** What it may touch. */
  readonly bos: ReadonlySet<Bo>;
  /** See {@link JobView}. */
  readonly keeps: JobView["keeps"];
  readonly #writes: readonly Bo[];
  /** The GPU works on it now. */
  touches = false;
  /** See `RunningJob`. */
  begun = false;
  /** See {@link JobView.own}. */
  readonly own: boolean;
  readonly #machine: Jobs;
  readonly #fence: DmaFence;
  readonly #vm: VmRecord;
  /** Mappings, and what they led to. */
  readonly #rows: readonly (readonly [va: Gpuva, bo: Bo | null])[];
  #settled: boolean;
  readonly #once: boolean;

  /** Notes a job that is submitted now. */
  constructor(machine: Jobs, fence: DmaFence, view: JobView) {
    const { vm: record, lists, keeps, own, skips, settled, once = false, saysDone } = view;
    const { vm } = record;
    const bos = new Set<Bo>(lists);
    const rows: [Gpuva, Bo | null][] = [];
    for (let va = gpuvmFirstVa(vm); va !== 0; va = gpuvmNextVa(vm, va)) {
      if (va === vm.kernelNode || skips?.(va) === true) continue;
      const obj = gpuvaObj(vm, va) as Bo | null;
      if (lists !== undefined && (obj === null || !bos.has(obj))) continue;
      rows.push([va, obj]);
      if (obj !== null) bos.add(obj);
    }
    this.#machine = machine;
    this.#fence = fence;
    this.#vm = record;
    this.pt = record.pt;
    this.bos = bos;
    this.keeps = keeps;
    this.#writes = view.writes ?? [];
    this.#rows = rows;
    this.#settled = settled;
    this.#once = once;
    this.own = own === true;
    if (this.own) return;
    machine.inUse.add(this);
    fence.onSignal(() => {
      if (saysDone === true) this.#endsNow(fence.error);
      if (!this.touches) machine.inUse.delete(this);
    });
  }

  /** See `RunningJob`. */
  get believed(): string {
    return this.touches && this.#fence.signaled
      ? `: ${this.#fence.name} was believed, which had signalled before the GPU was done`
      : "";
  }

  /** Whether a program that reads an object, or writes it, does so at the same time as the job. */
  meets(bo: Bo, write: boolean): boolean {
    return this.#writes.includes(bo) || (write && this.bos.has(bo));
  }

  /** Whether the pages of an object that go `how` are taken from the job. */
  loses(bo: Bo, how: "evicted" | "purged" | "freed"): boolean {
    if (how === "freed") return this.keeps === "memory" && this.bos.has(bo);
    if (!this.own && this.keeps !== "now") return this.bos.has(bo);
    // What was unmapped meanwhile is out of the GPU's reach.
    return gemVmBos(bo)
      .toArray()
      .some(({ vm, vaCount }) => vm === this.#vm.vm && vaCount > 0);
  }

  /** The job starts: what was mapped when it was submitted, and still is, has its pages and its entries. */
  starts(): void {
    this.begun = true;
    this.touches = true;
    this.#machine.inUse.add(this);
    const { vm, lazy, freed } = this.#vm;
    if (freed) {
      this.#machine.hazard("gpu-fault", vm.name, `a job starts in ${vm.name}, whose page tables are freed`);
      return;
    }
    for (const [va, bo] of this.#rows) {
      // What was unmapped meanwhile may have left its number to another.
      if (!vm.vas.inserted(va) || gpuvaObj(vm, va) !== bo) continue;
      const gone = bo !== null && (bo.pages === "evicted" || bo.pages === "none");
      const wrong = gone ? `${bo.name} has no pages` : (this.#underWay(bo) ?? this.#entriesWrong(va, bo));
      if (wrong !== null && !(gone && lazy)) this.#hazard(bo, wrong);
    }
    if (this.#once) this.#settled = false;
  }

  /**
   * What was taken off the GPU gets back to it (a preempted queue): the program's own memory that is mapped, and still is, must
   * not have gone meanwhile.
   */
  resumes(): void {
    const { vm, pt } = this.#vm;
    for (const [va] of this.#rows) {
      if (!vm.vas.inserted(va)) continue;
      const user = pt.ptes.at(vm.vas.addr(va))?.user;
      if (user?.gone !== true) continue;
      const what = `work goes on while page-table entries lead to ${user.name}, which are given back`;
      this.#machine.hazard("use-after-free", user.name, what);
    }
  }

  /** The GPU works on it no more. While its fence is pending it may start again. */
  stops(): void {
    this.touches = false;
    if (this.own || this.#fence.signaled) this.#machine.inUse.delete(this);
  }

  /** Its fence has signalled: the GPU is done with it, or has given it up. */
  #endsNow(error: number): void {
    if (!this.touches && (this.begun || error !== 0)) return;
    const what = this.begun ? "while the GPU works on the job" : "and the GPU has not begun the job";
    this.#machine.hazard("job-order", this.#vm.vm.name, `${this.#fence.name} signals, ${what}`);
  }

  /** What is copied is neither here nor there, but for those that the copy waits for. */
  #underWay(bo: Bo | null): string | null {
    if (bo === null || bo.moving === null || bo.moving.users.includes(this)) return null;
    return `${bo.name} is being copied to other memory`;
  }

  #entriesWrong(va: Gpuva, bo: Bo | null): string | null {
    if (!this.#settled || this.#vm.lazy || this.#vm.broken) return null;
    // The program has given its own memory up: its work meets a fault.
    if (bo === null && this.#vm.absent?.(va) === true) return null;
    return this.#vm.entriesWrong(va) ?? this.#vm.seesOld(va);
  }

  #hazard(bo: Bo | null, wrong: string): void {
    const kind = wrong.startsWith("the TLB") ? "stale-tlb" : "stale-pte";
    this.#machine.hazard(kind, bo?.name ?? this.#vm.vm.name, `a job starts while ${wrong}`);
  }
}

/** A program is told that the GPU does not write an object, or (`write`) does not use it: on a machine that watches. */
export function toldIdle(machine: Jobs, bo: Bo, write: boolean): void {
  for (const job of machine.inUse) {
    if (!job.meets(bo, write)) continue;
    const what = `a program is told that it may ${write ? "write" : "read"} ${bo.name}, which the GPU ${write ? "uses" : "writes"}`;
    machine.hazard("job-order", bo.name, what);
    return;
  }
}

/** Notes a job at its submission, on a machine that watches; undefined: nobody looks. */
export function noteUse(machine: Jobs, fence: DmaFence, view: JobView): InUse | undefined {
  return machine.options.watch === true ? new InUse(machine, fence, view) : undefined;
}
