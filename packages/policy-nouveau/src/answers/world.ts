import { BadLine } from "@gpuvm/conformance";
import {
  type Counted,
  DrmGpuvm,
  DrmGpuvmBo,
  type Errno,
  type ReferencePolicy,
  type Steps,
  Task,
} from "@gpuvm/core";
import { type Driver, Machine, type PageTableCounts, type Request, Thread } from "@gpuvm/drm-model";
import type { NouveauCli } from "../cli.ts";
import { createDevice, type NvDevice, type NvEvent } from "../device.ts";
import { driverOf } from "../driver.ts";
import type { NouveauBo } from "../gem/bo.ts";
import { vmBindPolicy } from "../policy.ts";
import { swapout } from "../ttm/swapout.ts";
import type { Uvmm } from "../uvmm/uvmm.ts";
import { InstantEngine } from "./instant-engine.ts";
import { Workers } from "./workers.ts";

/** The stand-in's VRAM: 64 MiB. */
const VRAM_BYTES = 2 ** 26;

type WithoutPlace<R> = R extends Request ? Omit<R, "t" | "f"> : never;

/**
 * A machine as the recorder's was: one CPU, so workers run when a call sleeps, or when it is told to settle; a GPU without
 * work; 64 MiB of VRAM.
 */
export class World {
  readonly machine: Machine = new Machine({ vram: VRAM_BYTES });
  readonly nv: NvDevice;
  readonly driver: Driver;
  readonly files: Map<number, NouveauCli> = new Map();
  /** Objects by the recorder's numbers, in the order in which they came; another handle of one has a number of its own. */
  readonly bos: Map<number, NouveauBo> = new Map();
  /** Which file a number is a handle of. */
  readonly fileOf: Map<number, NouveauCli> = new Map();
  /** VMs that programs manage, by the file's number. */
  readonly vms: Map<number, Uvmm> = new Map();
  /** What was freed since it was last taken. */
  freed: string[] = [];
  /** Links that were freed meanwhile. */
  vmBosDestroyed = 0;
  readonly workers: Workers;
  readonly #names = new Map<object, string>();
  readonly #counts: PageTableCounts[] = [];
  readonly #task = new Task("program");

  /** Nothing is open. `tell` is told what happens below the tree; what the driver makes for itself is not told. */
  constructor(policy: ReferencePolicy, tell: (event: NvEvent) => void) {
    let listening = false;
    // Calls and workers stop at every place where the kernel's may be preempted.
    this.machine.dev.stepping = true;
    this.workers = new Workers(this.machine);
    this.nv = createDevice(this.machine, swapout, {
      engine: new InstantEngine(),
      gpuWorks: false,
      tell: (event) => {
        if (listening) tell(event);
      },
    });
    listening = true;
    this.driver = driverOf(policy, this.nv);
    this.#counts.push(this.nv.driver.vmm.counts);
    this.machine.dev.onFree = (what) => this.#onFree(what);
  }

  /** Opens a file. */
  open(id: number): void {
    const file = this.driver.open(id) as NouveauCli;
    this.files.set(id, file);
    this.#counts.push(file.ownVmm.mmu.counts);
  }

  /** The file with a number, which must be open. */
  file(id: number): NouveauCli {
    const file = this.files.get(id);
    if (file === undefined) throw new BadLine(`file ${id} is not open`);
    return file;
  }

  /** A number stands for an object, which the first that it gets names. */
  nameBo(number: number, bo: NouveauBo, file: NouveauCli): void {
    this.fileOf.set(number, file);
    this.bos.set(number, bo);
    if (!this.#names.has(bo)) this.#names.set(bo, `bo${number}`);
  }

  /** A file's VM, and its resv object, have the file's number. */
  nameVm(number: number, uvmm: Uvmm): void {
    this.vms.set(number, uvmm);
    this.#counts.push(uvmm.mmu.counts);
    this.#names.set(uvmm.vm, `vm${number}`);
    this.#names.set(uvmm.vm.rObj, `resv${number}`);
  }

  /** The number of an object or a VM. */
  numberOf(what: object | null): number {
    return Number(this.#names.get(what ?? this)?.replace(/^\D+/, "") ?? -1);
  }

  /** Asks the driver. */
  ask(file: NouveauCli, request: WithoutPlace<Request>): Errno {
    return this.call(this.driver.ioctl(file, { t: 0, f: file.id, ...request } as Request));
  }

  /** Runs a call to its end. Workers run when it sleeps. */
  call<T>(steps: Steps<T>): T {
    const thread = new Thread(this.#task, steps);
    for (;;) {
      while (!thread.done && thread.ready()) thread.step(this.machine.dev);
      if (thread.done) break;
      if (!this.workers.step()) throw new Error(`waits for ${thread.waitsFor}, and nothing else can run`);
      while (this.workers.late && this.workers.step()) {}
    }
    this.#check();
    return thread.result as T;
  }

  /** Page-table counts of every VMM there ever was. */
  counts(): readonly PageTableCounts[] {
    return this.#counts;
  }

  /** From here on the n-th page table that is asked for cannot be made; 0: none fails. */
  failTable(n: number): void {
    let left = n;
    this.machine.dev.failAlloc = n === 0 ? null : (what) => what === "nouveau page table" && --left === 0;
  }

  /** Workers run until nothing is left to do. */
  settle(): void {
    while (this.workers.step()) {}
    this.#check();
  }

  /** The last descriptor of a file goes. */
  close(id: number): void {
    const file = this.file(id);
    this.files.delete(id);
    this.call(this.driver.release(file));
    file.closed = true;
  }

  #check(): void {
    const [hazard] = this.machine.hazards;
    if (hazard !== undefined) throw new Error(`${hazard.kind}: ${hazard.detail}`);
  }

  #onFree(what: Counted): void {
    if (what instanceof DrmGpuvmBo) {
      const vm = this.#names.get(what.vm);
      if (vm === undefined) return;
      this.vmBosDestroyed++;
      this.freed.push(`vm_bo(${vm},${this.#names.get(what.obj)})`);
      return;
    }
    const name = this.#names.get(what);
    if (name === undefined) return;
    if (what instanceof DrmGpuvm) {
      this.vms.delete(this.numberOf(what));
      // The recorder tells of a VM when its end begins, before its resv object goes.
      const resv = this.freed.lastIndexOf(name.replace("vm", "resv"));
      this.freed.splice(resv < 0 ? this.freed.length : resv, 0, name);
      return;
    }
    this.freed.push(name);
    for (const [number, bo] of [...this.bos]) if (bo === what) this.bos.delete(number);
  }
}

/** A world of the variant with VM_BIND, which answers both interfaces. */
export function newWorld(tell: (event: NvEvent) => void): World {
  return new World(vmBindPolicy, tell);
}
