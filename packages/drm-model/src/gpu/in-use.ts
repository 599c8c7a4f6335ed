import { type DmaFence, type Gpuva, gemVmBos, gpuvaObj, gpuvmFirstVa, gpuvmNextVa } from "@gpuvm/core";
import type { VmRecord } from "../machine/vm-record.ts";
import type { Bo } from "../memory/bo.ts";
import type { GpuView } from "../memory/gpu-view.ts";
import type { RunningJob, Surroundings } from "../memory/surroundings.ts";

/** Where a job runs, and what it may count on: for a machine that watches what the GPU sees. */
export interface JobView {
  /** The VM. Everything that is mapped there when the job is submitted counts as used. */
  readonly vm: VmRecord;
  /**
   * How long the job's fence keeps what it uses: no page of it is evicted meanwhile; with `memory`, none is given back
   * either, whatever the program does; with `now`, it is what is mapped at that time, and unmapping is the program's affair.
   */
  readonly keeps: "pages" | "memory" | "now";
  /**
   * The driver says when the GPU works on it: from {@link InUse.starts} to {@link InUse.stops}, whatever its fence says
   * meanwhile. Absent: it does from the submission to the fence.
   */
  readonly own?: boolean;
  /** Mappings that are none of the job's affair. */
  readonly skips?: (va: Gpuva) => boolean;
  /** Nobody is between tree and page tables, or the job waits for whoever is: what is mapped must be there when it starts. */
  readonly settled: boolean;
}

/** A machine on which jobs run; `Machine` is the only one. */
export interface Jobs extends Surroundings {
  /** Jobs that are submitted and not done. */
  readonly inUse: Set<InUse>;
}

/** One job from its submission until its fence signals. */
export class InUse implements RunningJob {
  /** What the GPU translates with. */
  readonly pt: GpuView;
  /** What it may touch. */
  readonly bos: ReadonlySet<Bo>;
  /** See {@link JobView}. */
  readonly keeps: JobView["keeps"];
  /** The GPU works on it now, or may. */
  touches: boolean;
  /** See `RunningJob`. */
  begun = false;
  /** See {@link JobView.own}. */
  readonly own: boolean;
  readonly #machine: Jobs;
  readonly #vm: VmRecord;
  readonly #rows: readonly number[];
  readonly #settled: boolean;

  /** Notes a job that is submitted now. */
  constructor(machine: Jobs, fence: DmaFence, { vm: record, keeps, own, skips, settled }: JobView) {
    const { vm } = record;
    const bos = new Set<Bo>();
    const rows: number[] = [];
    for (let va = gpuvmFirstVa(vm); va !== 0; va = gpuvmNextVa(vm, va)) {
      if (va === vm.kernelNode || skips?.(va) === true) continue;
      rows.push(va);
      const obj = gpuvaObj(vm, va);
      if (obj !== null) bos.add(obj as Bo);
    }
    this.#machine = machine;
    this.#vm = record;
    this.pt = record.pt;
    this.bos = bos;
    this.keeps = keeps;
    this.#rows = rows;
    this.#settled = settled;
    this.own = own === true;
    this.touches = !this.own;
    if (this.own) return;
    machine.inUse.add(this);
    fence.onSignal(() => machine.inUse.delete(this));
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
    const { vm, lazy } = this.#vm;
    for (const va of this.#rows) {
      if (!vm.vas.inserted(va)) continue;
      const bo = gpuvaObj(vm, va) as Bo | null;
      const gone = bo !== null && (bo.pages === "evicted" || bo.pages === "none");
      const wrong = gone ? `${bo.name} has no pages` : this.#entriesWrong(va);
      if (wrong !== null && !(gone && lazy)) this.#hazard(bo, `a job starts while ${wrong}`);
    }
  }

  /** The GPU works on it no more: it is done, or was made to stop. */
  stops(): void {
    this.touches = false;
    this.#machine.inUse.delete(this);
  }

  #entriesWrong(va: Gpuva): string | null {
    return this.#settled && !this.#vm.lazy ? this.#vm.entriesWrong(va) : null;
  }

  #hazard(bo: Bo | null, what: string): void {
    this.#machine.hazard("stale-pte", bo?.name ?? this.#vm.vm.name, what);
  }
}

/** Notes a job at its submission, on a machine that watches; undefined: nobody looks. */
export function noteUse(machine: Jobs, fence: DmaFence, view: JobView): InUse | undefined {
  return machine.options.watch === true ? new InUse(machine, fence, view) : undefined;
}
