import { BadLine, hex, Numbers } from "@gpuvm/conformance";
import { type Counted, type DrmGemObject, type DrmGpuvm, type Errno, type Steps, Task } from "@gpuvm/core";
import { type CountedFence, type Driver, KIB4, Machine, type Request, type SyncObj } from "@gpuvm/drm-model";
import { mainlinePolicy } from "../../declared/policy.ts";
import type { Panthor } from "../../device.ts";
import { probe } from "../../driver.ts";
import type { KernelBo, PanthorBo } from "../../gem/bo.ts";
import { kernelBoDestroy } from "../../gem/kernel-bo.ts";
import { gen73 } from "../../history/generations.ts";
import type { PanthorVm } from "../../mmu/vm.ts";
import type { PanthorFile } from "../../panthor-file.ts";
import type { PanthorGroup, PanthorJob } from "../../sched/group.ts";
import type { Words } from "./words.ts";

/** What the recorder answers where the file of a thing is closed, without asking the driver: -EBADF. */
export const NO_FILE = -9;

/** A request of the driver without time and file. */
export type Bare = Request extends infer R ? (R extends Request ? Omit<R, "t" | "f"> : never) : never;

/** A handle of a file. */
export interface Thing {
  readonly file: number;
  readonly handle: number;
}

/** What the recorder's number of something stands for that could not be made. */
export type Guess = (kind: string, number: number) => Thing;

/** What a request does, and answers. */
export type Ask = (world: World, words: Words) => number;

/** Bytes of a heap's context. */
const CONTEXT_BYTES = 64;
/** The number of the firmware's VM. */
const MCU = 500;
/** A tick of the recorder's clock. */
const JIFFY_NS = 10e6;
/** The recorder looks every other tick whether the call has returned, and then waits so long for workers. */
const LOOK_NS = 2 * JIFFY_NS;
const AFTER_NS = 20 * JIFFY_NS;

/** A machine with the driver on it, and the numbers that the recorder gave to what is there. */
export class World {
  readonly machine: Machine = new Machine({
    lockdep: true,
    timeouts: true,
    contiguity: KIB4,
    jiffyNs: JIFFY_NS,
  });
  readonly driver: Driver;
  readonly panthor: Panthor;
  readonly files: Map<number, PanthorFile> = new Map();
  readonly bos: Numbers<PanthorBo> = new Numbers();
  readonly vms: Numbers<PanthorVm> = new Numbers();
  /** Reservation objects of VMs. */
  readonly resvs: Map<Counted, number> = new Map();
  readonly groups: Numbers<PanthorGroup> = new Numbers();
  readonly jobs: Numbers<PanthorJob> = new Numbers();
  /** What the recorder's numbers of things are: `bo 3`. A number of something that is gone stays what it was. */
  readonly things: Map<string, Thing> = new Map();
  readonly syncobjs: Map<number, SyncObj> = new Map();
  /** Fences that are not of the driver, by the syncobj that they were put into. */
  readonly foreign: Map<number, CountedFence[]> = new Map();
  /** The group that a submit asks for, by the recorder's number, whichever the handle leads to; null: nobody follows its jobs. */
  asked: number | null = null;
  /** What the answer has besides. */
  extra: Record<string, unknown>[] = [];
  /** Objects of the driver's own. */
  readonly kernelBos: Set<KernelBo> = new Set();
  /** VMs whose lock somebody else holds, and who. */
  readonly held: Map<PanthorVm, Task> = new Map();
  /** When the request at hand began. */
  #begun: number;
  #calls = 0;
  readonly #guess: Guess;

  /** A device on which jobs end when they are told to. Its firmware has no sections. */
  constructor(guess: Guess, begun: number) {
    this.#guess = guess;
    this.#begun = begun;
    const { driver, panthor } = probe(mainlinePolicy, gen73, this.machine);
    if (panthor.fw !== null) this.machine.call(kernelBoDestroy(panthor, panthor.fw));
    panthor.fw = null;
    panthor.gpu.manual = true;
    if (panthor.mcu !== null) this.vms.add(MCU, panthor.mcu);
    this.driver = driver;
    this.panthor = panthor;
  }

  /** The number of a VM. */
  numberOf(gpuvm: DrmGpuvm): number | undefined {
    const vm = this.panthor.vms.get(gpuvm);
    return vm === undefined ? undefined : this.vms.of(vm);
  }

  /** The recorder's kernel checks mutexes: an unlock gives the slots of fences back, and fences that have signalled with them. */
  checked(obj: DrmGemObject): void {
    obj.resv.onDrop ??= () => {};
  }

  /** Opens a file. */
  open(id: number, dummy: number): void {
    const file = this.driver.open(id) as PanthorFile;
    this.files.set(id, file);
    if (file.dummy === null) return;
    this.bos.add(dummy, file.dummy);
    this.checked(file.dummy);
  }

  /** A request begins. What is due by now was before it, or else comes after it. */
  begin(due: boolean): void {
    if (due) this.machine.advanceTo(this.#begun);
    this.machine.now = this.#begun;
    this.check();
  }

  /** Sleeps (`msleep`). */
  sleep(ms: number): void {
    this.machine.settle();
    this.machine.advanceTo(this.machine.timerIn(ms * 1e6));
  }

  /** The call has returned; workers do what it left. `late`: what is due when the next request begins, too. */
  after(late: boolean): void {
    const { machine } = this;
    machine.settle();
    const took = Math.max(1, Math.ceil((machine.now - this.#begun) / LOOK_NS)) * LOOK_NS;
    this.#begun += took + AFTER_NS;
    machine.advanceTo(late ? this.#begun : this.#begun - 1);
    this.check();
  }

  /** A heap was made: where the firmware finds it. */
  tellHeap(vm: PanthorVm, id: number): void {
    const { heaps } = vm;
    const [chunk] = heaps?.heaps.get(id)?.chunks ?? [];
    this.extra.push({
      ctx: hex((heaps?.contexts?.va ?? 0) + id * CONTEXT_BYTES),
      chunk: hex(chunk?.va ?? 0),
    });
  }

  /** The file with a number, which must have been opened. */
  file(id: number): PanthorFile {
    const file = this.files.get(id);
    if (file === undefined) throw new BadLine(`file ${id} was not opened`);
    return file;
  }

  /**
   * What a number of the recorder's is. Of what was never asked for it takes the handle to be 0, of the first file; of what
   * could not be made it goes by what is left there from an earlier sequence: see {@link Guess}.
   */
  thing(kind: string, number: number): Thing {
    return this.things.get(`${kind} ${number}`) ?? { file: 1, handle: 0 };
  }

  /** Something was asked for: the handle that it has, if it was made. */
  made(kind: string, number: number, file: number, handle: number, ret: Errno): void {
    const thing = ret === 0 ? { file, handle } : this.#guess(kind, number);
    this.things.set(`${kind} ${number}`, thing);
  }

  /** Asks the driver; the recorder's own answer where it has no file for it. */
  ask(file: number, request: Bare): Errno {
    const opened = this.files.get(file);
    if (opened === undefined) return NO_FILE;
    return this.call(this.driver.ioctl(opened, { t: 0, f: file, ...request } as Request));
  }

  /** Runs a call; workers run while it waits, and later. */
  call(steps: Steps<number>, task: Task = new Task(`call ${++this.#calls}`)): number {
    const ret = this.machine.call(steps, task, true);
    this.check();
    if (ret === undefined) throw new Error("the call did not return");
    return ret;
  }

  /** A rule that was broken is no answer. */
  check(): void {
    const [hazard] = this.machine.hazards;
    if (hazard !== undefined) throw new Error(`${hazard.kind}: ${hazard.detail}`);
  }
}
