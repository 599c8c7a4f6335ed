import { BadLine } from "@gpuvm/conformance";
import { type Errno, finish, type Steps, Task } from "@gpuvm/core";
import { Machine } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import { type MsmDriver, type MsmOptions, startMsm } from "../drv/driver.ts";
import type { MsmFile } from "../drv/file.ts";
import type { MsmBo } from "../gem/bo.ts";
import { msmGemShrinkerScan } from "../gem/shrinker.ts";
import type { MsmIommu } from "../mmu/iommu.ts";
import type { MsmRules } from "../policy/rules.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import { type Event, LockCounter, type Names, Recorder } from "./recorder.ts";
import { TableDiff } from "./tables.ts";

/** Modelled milliseconds after which a call that did not return is told as one that sleeps. */
const PATIENCE_MS = 2500;
/** Modelled milliseconds that pass after a request, in which workers run. */
export const AFTER_MS = 60;
/** The same after the end of a program. */
export const AFTER_END_MS = 100;
/** Modelled milliseconds between two looks whether a job has taken as long as it is to. */
const POLL_MS = 20;
/** Modelled milliseconds of a tick. */
const TICK_MS = 10;
const MS = 1_000_000;

/** A call that has begun. */
interface Call {
  /** Which request it was. */
  readonly i: number;
  /** What it returned; undefined: it sleeps. */
  ret: Errno | undefined;
  /** Who makes it. */
  thread: Task | null;
}

/** A machine whose GPU does nothing by itself, one or two devices of msm on it, and calls that may sleep. */
export class Bench implements Names {
  readonly machine: Machine;
  readonly locks: LockCounter = new LockCounter();
  readonly recorder: Recorder = new Recorder(this);
  readonly tables: TableDiff = new TableDiff();
  /** The devices: the one, and one more for buffers that come from another. */
  readonly devices: MsmDriver[] = [];
  readonly files: Map<number, MsmFile> = new Map();
  /** Objects by the number that the sequence gave them. */
  readonly bos: Map<number, MsmBo> = new Map();
  /** Places of open files: a closed one's is taken by the next, and jobs are told by it. */
  readonly slots: Map<number, number> = new Map();
  /** Calls that sleep. */
  readonly sleeping: Call[] = [];
  /** Calls that slept, and returned since the last answer. */
  completed: Call[] = [];
  readonly #resvOf: WeakMap<object, MsmGemVm> = new WeakMap();
  readonly #numbers: Map<MsmBo, number> = new Map();
  #autoNs = 0;
  #began = 0;
  #tlbiPages = 0;
  #links = 0;

  /** No device is there yet. */
  constructor() {
    this.machine = new Machine({
      lockdep: this.locks,
      jobNs: Number.POSITIVE_INFINITY,
      oneCpu: true,
      fputDelayNs: TICK_MS * MS,
    });
    this.machine.dev.onFree = (what) => this.recorder.ended(what, this.#resvOf);
  }

  /** A device comes up (`msm_drm_bind`, `msm_gpu_init`). */
  start(rules: MsmRules, options: MsmOptions): MsmDriver {
    const { locks, machine, recorder } = this;
    locks.task = machine.dev.current;
    const driver = startMsm(machine, rules, { ...options, log: recorder });
    this.devices.push(driver);
    // What else is taken at a start is not modelled: msm_drm_init has lockdep see the LRUs' lock, and a dma_resv's.
    locks.resv++;
    locks.queueAndLru++;
    return driver;
  }

  /** One of the devices. */
  device(nth: number): MsmDriver {
    const driver = this.devices[nth];
    if (driver === undefined) throw new BadLine("there is no such device yet: begin with init, or init2");
    return driver;
  }

  /** A file is open from here on. */
  opened(f: number, file: MsmFile): void {
    this.files.set(f, file);
    const taken = new Set(
      [...this.files.keys()].filter((other) => other !== f).map((g) => this.slots.get(g)),
    );
    let slot = 1;
    while (taken.has(slot)) slot++;
    this.slots.set(f, slot);
  }

  /** By which a file's jobs are told. */
  slot(f: number): number {
    return this.slots.get(f) ?? f;
  }

  /** A file that is open. */
  file(f: number): MsmFile {
    const file = this.files.get(f);
    if (file === undefined) throw new BadLine(`file ${f} is not open`);
    return file;
  }

  /** The number that a new handle of a file gets: the lowest that is free. */
  nextHandle(f: number): number {
    const { taken } = this.file(f).numbers;
    let handle = 1;
    while (taken.has(handle)) handle++;
    return handle;
  }

  /** Whose file it is. */
  driverOf(file: MsmFile): MsmDriver {
    return this.devices.find(({ device }) => file.device === device) ?? this.device(0);
  }

  /** The VMs that are told, oldest first: programs', the display's with anything in it, the GPU's with more than its own. */
  livingVms(): MsmGemVm[] {
    const vms = this.machine.vms.filter(({ freed }) => !freed).map(({ vm }) => vm as MsmGemVm);
    const least = { program: 0, scanout: 1, kernel: 4 };
    return vms.filter(({ purpose, mappings }) => mappings >= least[purpose]);
  }

  /** Entries of the devices' own VMs that were taken out of the TLB one by one, since the last call. */
  tlbiPages(): number {
    const vms = this.devices.flatMap(({ device: { kmsVm, gpuVm } }) => [kmsVm, gpuVm]);
    const now = vms.reduce((sum, vm) => sum + (vm === null ? 0 : (vm.mmu as MsmIommu).tlbiPages), 0);
    const since = now - this.#tlbiPages;
    this.#tlbiPages = now;
    return since;
  }

  /** A request begins. */
  begin(): void {
    this.completed = [];
    this.locks.task = null;
  }

  /** What happened up to now is not told. */
  quiet(): void {
    this.tables.start(this.machine);
    this.recorder.reset();
    this.#links = this.machine.counts.vmBosCreated;
  }

  /** What every answer has, since the last one. */
  report(): { readonly events: readonly Event[] } & Record<string, unknown> {
    const { recorder, machine } = this;
    this.#seeVms();
    const { events, freed, vmBosDestroyed } = recorder;
    recorder.reset();
    const vmBosCreated = machine.counts.vmBosCreated - this.#links;
    this.#links = machine.counts.vmBosCreated;
    return { ...this.tables.answer(machine), events, freed, vmBosCreated, vmBosDestroyed };
  }

  /** Objects and VMs, a line each. */
  describe(): string[] {
    const bos = [...this.bos].filter(([, bo]) => bo.refs > 0);
    const vms = this.machine.vms.filter(({ freed }) => !freed);
    return [
      ...bos.map(([id, bo]) => `bo${id}: ${bo.refs} references, ${bo.handles} handles, ${bo.pages}`),
      ...vms.map(({ vm }) => `vm${this.vm(vm)}: ${vm.refs} references, ${vm.mappings} mappings`),
    ];
  }

  /** Memory pressure (`msm_gem_shrinker_scan`). @returns pages, or -1: SHRINK_STOP */
  shrink(device: Msm, pages: number, canBlock: boolean): number {
    const { locks, machine } = this;
    let ret = -1;
    machine.queueWork(
      "kswapd",
      function* () {
        locks.task = machine.dev.current;
        const { freed, remaining } = yield* msmGemShrinkerScan(device, pages, canBlock);
        if (freed > 0 && remaining > 0) ret = freed;
      },
      "reclaim",
    );
    machine.settle();
    const until = machine.now + PATIENCE_MS * MS;
    while (machine.blocked.length > this.sleeping.length && machine.timers.next <= until)
      machine.advanceTo(machine.timers.next);
    return ret;
  }

  /** The number of an object. */
  bo(bo: MsmBo): number | null {
    return this.#numbers.get(bo) ?? null;
  }

  /** The number of a VM: of its file, or 100, 101 of the first device, 110, 111 of the second. */
  vm(vm: object): number {
    const device = this.devices.findIndex(({ device: { kmsVm, gpuVm } }) => vm === kmsVm || vm === gpuVm);
    if (device >= 0) return 100 + 10 * device + (vm === this.devices[device]?.device.gpuVm ? 1 : 0);
    // A device that comes up maps what is its own before it is known here.
    const { purpose, record } = vm as MsmGemVm;
    if (purpose === "program") return record.file;
    return 100 + 10 * this.devices.length + (purpose === "kernel" ? 1 : 0);
  }

  /** Gives an object the number by which it is asked for. */
  name(id: number, bo: MsmBo): void {
    this.bos.set(id, bo);
    this.#numbers.set(bo, id);
  }

  /** Begins a call, and lets time pass while it sleeps; null: it sleeps on. */
  run(i: number, steps: Steps<Errno>): Errno | null {
    const { machine, locks } = this;
    const call: Call = { i, ret: undefined, thread: null };
    machine.queueWork(`call ${i}`, function* () {
      call.thread = machine.dev.current;
      locks.task = call.thread;
      call.ret = yield* steps;
    });
    machine.settle();
    let until = machine.now + PATIENCE_MS * MS;
    while (call.ret === undefined && machine.timers.next <= until) {
      machine.advanceTo(machine.timers.next);
      // Jobs that end by themselves are waited for.
      if (this.#autoNs > 0 && this.#busy) until = machine.now + PATIENCE_MS * MS;
    }
    if (call.ret !== undefined) return call.ret;
    machine.advanceTo(until);
    this.sleeping.unshift(call);
    this.#countWaited(call);
    return null;
  }

  /** A call that must return without the help of a worker, which are not run behind it. */
  callOnly(i: number, steps: Steps<Errno>): Errno {
    const task = new Task(`call ${i}`);
    const { dev } = this.machine;
    const before = dev.current;
    dev.current = task;
    try {
      return finish(steps);
    } finally {
      dev.current = before;
    }
  }

  /** A lock that is waited for counts as taken. */
  #countWaited({ thread }: Call): void {
    const lock = this.machine.blocked.find(({ task }) => task === thread)?.waitsForLock ?? null;
    if (lock !== null) this.locks.count(lock);
  }

  /** Time passes behind each request. */
  pass(ms: number = AFTER_MS): void {
    const { machine } = this;
    const end = machine.now + ms * MS;
    machine.advanceTo(end - 1);
    // What is due with the last tick happens, and whoever it wakes goes on with the next request.
    machine.now = end;
    while (machine.timers.isDue(end)) {
      const timer = machine.timers.pop();
      timer?.fn(timer);
    }
    this.#seeVms();
    for (const call of this.sleeping.filter(({ ret }) => ret !== undefined)) {
      this.sleeping.splice(this.sleeping.indexOf(call), 1);
      this.completed.push(call);
    }
  }

  /** Ends up to `n` jobs, of one ring or of all. @returns how many */
  retire(n: number, ring: number | null): number {
    let done = 0;
    const { machine } = this;
    machine.advanceTo(machine.now);
    while (done < n && this.#finishOne(ring)) {
      machine.settle();
      machine.advanceTo(machine.now);
      done++;
    }
    return done;
  }

  /** From now on each job takes so many milliseconds. */
  auto(ms: number): void {
    this.#autoNs = ms * MS;
    this.#began = this.machine.now;
    this.#armAuto();
  }

  /** A job takes so long from its beginning, or from the request that says so. */
  #armAuto(): void {
    const { machine } = this;
    const now = this.#autoNs;
    if (now === 0) return;
    machine.timers.add(machine.now + POLL_MS * MS, () => {
      if (this.#autoNs !== now) return;
      if (this.#began < 0 || !this.#busy) this.#began = machine.now;
      else if (machine.now - this.#began >= now) {
        this.#finishOne(null);
        this.#began = -1;
      }
      this.#armAuto();
    });
  }

  /** Whether any ring has something to do. */
  get #busy(): boolean {
    return this.devices.some(({ device }) => device.rings.some(({ inFlight }) => inFlight.length > 0));
  }

  #finishOne(ring: number | null): boolean {
    const rings = this.devices.flatMap(({ device }) => device.rings);
    return rings.some(({ id, engine }) => (ring === null || id === ring) && engine.finishNext());
  }

  /** VMs come to be within calls: their resv objects are told by the VM's number. */
  #seeVms(): void {
    for (const { vm, freed } of this.machine.vms) if (!freed) this.#resvOf.set(vm.rObj, vm as MsmGemVm);
  }
}
