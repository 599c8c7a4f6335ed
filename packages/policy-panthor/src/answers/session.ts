import { type Answer, BadLine, type DriverSession } from "@gpuvm/conformance";
import {
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  type Errno,
  GpuvmExec,
  gpuvmValidate,
  type Steps,
  Task,
} from "@gpuvm/core";
import { type BindOp, type Driver, KIB4, Machine, MIB2, type Request, Thread } from "@gpuvm/drm-model";
import { mainlinePolicy } from "../declared/policy.ts";
import type { MmuEvent, Panthor } from "../device.ts";
import { probe } from "../driver.ts";
import { MAP_NOEXEC, MAP_SPARSE } from "../flags.ts";
import type { PanthorBo } from "../gem/bo.ts";
import { kernelBoDestroy } from "../gem/kernel-bo.ts";
import { shrinkerScan } from "../gem/shrink.ts";
import { gen73 } from "../history/generations.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import type { PanthorFile } from "../panthor-file.ts";
import { Names } from "./names.ts";
import { Observer } from "./observer.ts";
import { boState, vmState } from "./state.ts";

/** A request of the driver without time and file. */
type Bare = Request extends infer R ? (R extends Request ? Omit<R, "t" | "f"> : never) : never;

/** How the memory of objects lies, by the word of the request. */
const PAGES: Readonly<Record<string, number>> = { huge: MIB2, shmem: KIB4, scatter: KIB4 };
/** The file's dummy object, in the answers. */
const DUMMY = -1000;

/** One sequence: a device with its files. */
export class PanthorSession implements DriverSession {
  readonly #names = new Names();
  readonly #vms: PanthorVm[] = [];
  readonly #bos: PanthorBo[] = [];
  readonly #files = new Map<number, PanthorFile>();
  /** Files of VMs and of handles. */
  readonly #vmFile = new Map<number, number>();
  readonly #boFile = new Map<number, number>();
  #device: { driver: Driver; panthor: Panthor; observer: Observer } | null = null;

  answer(words: readonly string[]): Answer {
    const ret = this.#ask(words);
    const { observer } = this.#need();
    return {
      ret,
      ...observer.take(),
      bos: this.#bos.filter(({ refs }) => refs > 0).map((bo) => boState(this.#names, bo)),
      vms: this.#vms.filter(({ record }) => !record.freed).map((vm) => vmState(this.#names, vm)),
    };
  }

  describe(): readonly string[] {
    return [
      ...this.#bos.filter(({ refs }) => refs > 0).map((bo) => JSON.stringify(boState(this.#names, bo))),
      ...this.#vms
        .filter(({ record }) => !record.freed)
        .map((vm) => JSON.stringify(vmState(this.#names, vm))),
    ];
  }

  #ask([, what = "", ...words]: readonly string[]): number {
    const n = words.map(Number);
    const [a = 0, b = 0] = n;
    switch (what) {
      case "open":
        return this.#open(a, words[1] ?? "huge");
      case "vmcreate":
        return this.#vmCreate(a, b, n[2]);
      case "bo":
        return this.#boCreate(a, b, n[2] ?? 0, words[3] ?? "", n[4]);
      case "closebo":
        return this.#ioctl(this.#boFile.get(a) ?? 0, { op: "gem_close", bo: a });
      case "share":
        return this.#share(a, b, n[2] ?? 0);
      case "bind":
        return this.#bind(a, words[1] === "async", words.slice(2));
      case "vmdestroy":
        return this.#ioctl(this.#vmFile.get(a) ?? 0, { op: "vm_destroy", vm: a });
      case "evict":
        return this.#call(shrinkerScan(this.#need().panthor, a), new Task("kswapd", "reclaim"));
      case "validate":
        return this.#validate(a);
      case "close":
        return this.#close(a);
      case "settle":
        this.#need().panthor.machine.quiesce();
        return 0;
      default:
        throw new BadLine(`panthor has no request "${what}" here`);
    }
  }

  #need(): { driver: Driver; panthor: Panthor; observer: Observer } {
    if (this.#device === null) throw new BadLine("a sequence begins with panthor open");
    return this.#device;
  }

  #start(pages: string): void {
    const contiguity = PAGES[pages];
    if (contiguity === undefined) throw new BadLine(`memory is huge, shmem or scatter, not "${pages}"`);
    const machine = new Machine({ lockdep: true, contiguity });
    const { driver, panthor } = probe(mainlinePolicy, gen73, machine);
    // The stand-in for the firmware has no sections.
    if (panthor.fw !== null) machine.call(kernelBoDestroy(panthor, panthor.fw));
    panthor.fw = null;
    this.#device = {
      driver,
      panthor,
      observer: new Observer(panthor, this.#names, (vm, e) => told(panthor, vm, e)),
    };
  }

  #open(file: number, pages: string): number {
    if (this.#device === null) this.#start(pages);
    const opened = this.#need().driver.open(file) as PanthorFile;
    this.#files.set(file, opened);
    if (opened.dummy !== null) this.#names.objects.set(opened.dummy, DUMMY);
    return 0;
  }

  #file(id: number): PanthorFile {
    const file = this.#files.get(id);
    if (file === undefined) throw new BadLine(`file ${id} is not open`);
    return file;
  }

  #vmCreate(file: number, id: number, slot: number | undefined): number {
    const ret = this.#ioctl(file, { op: "vm_create", vm: id });
    const vm = this.#file(file).vms.get(id);
    if (ret !== 0 || vm === undefined) return ret;
    this.#names.vm(vm.gpuvm, id);
    this.#vms.push(vm);
    this.#vmFile.set(id, file);
    if (slot !== undefined) {
      vm.asId = slot;
      this.#need().panthor.as.slots[slot] = vm;
    }
    return 0;
  }

  #boCreate(file: number, id: number, size: number, pages: string, vm: number | undefined): number {
    const contiguity = PAGES[pages] ?? KIB4;
    const ret = this.#ioctl(file, { op: "gem_new", bo: id, size, contiguity, ...(vm ? { vm } : {}) });
    const bo = this.#file(file).handles.get(id);
    if (ret !== 0 || bo === undefined) return ret;
    this.#names.objects.set(bo, id);
    this.#bos.push(bo);
    this.#boFile.set(id, file);
    return 0;
  }

  #share(id: number, to: number, alias: number): number {
    const { prime } = this.#need().driver;
    const dmaBuf = prime?.exportBo(this.#file(this.#boFile.get(id) ?? 0), id) ?? null;
    if (prime === undefined || dmaBuf === null) return -22;
    const ret = this.#call(prime.importBo(this.#file(to), dmaBuf, alias));
    this.#boFile.set(alias, to);
    dmaBuf.close();
    return ret;
  }

  #bind(vm: number, async: boolean, words: readonly string[]): number {
    const ops: BindOp[] = [];
    for (let at = 0; at < words.length; ) {
      const [kind, ...rest] = words.slice(at, at + 5);
      const [a = 0, b = 0, c = 0, d = 0] = rest.map(Number);
      const none = { bo: 0, boOffset: 0, flags: 0 };
      if (kind === "map") ops.push({ kind, bo: a, va: b, length: c, boOffset: d, flags: 0 });
      else if (kind === "sparse")
        ops.push({ ...none, kind: "map", va: a, length: b, flags: MAP_SPARSE | MAP_NOEXEC });
      else if (kind === "unmap") ops.push({ ...none, kind, va: a, length: b });
      else throw new BadLine(`a bind is of map, sparse and unmap, not of "${kind}"`);
      at += kind === "map" ? 5 : 3;
    }
    const file = this.#vmFile.get(vm) ?? 0;
    const request = { op: "vm_bind", vm, async, ops } as const;
    return async ? this.#push(file, request) : this.#ioctl(file, request);
  }

  #validate(id: number): number {
    const vm = this.#vms.find(({ gpuvm }) => this.#names.vms.get(gpuvm) === id);
    if (vm === undefined) throw new BadLine(`there is no VM ${id}`);
    const flags = DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES;
    const exec = new GpuvmExec(vm.gpuvm, flags, 1);
    exec.extra = (drmExec) => gpuvmValidate(vm.gpuvm, drmExec);
    return this.#call(
      (function* () {
        const ret = yield* exec.lock();
        if (ret === 0) exec.unlock();
        return ret;
      })(),
    );
  }

  #close(id: number): number {
    const file = this.#file(id);
    this.#need().panthor.machine.call(this.#need().driver.release(file));
    this.#files.delete(id);
    return 0;
  }

  #ioctl(file: number, request: Bare): number {
    return this.#call(this.#steps(file, request));
  }

  /** An ioctl, without the work that it leaves behind. */
  #push(file: number, request: Bare): number {
    const { machine } = this.#need().panthor;
    const thread = new Thread<Errno>(new Task("ioctl"), this.#steps(file, request));
    while (!thread.done && thread.ready()) thread.step(machine.dev);
    if (!thread.done) throw new Error(`the ioctl waits for ${thread.waitsFor}`);
    return thread.result ?? 0;
  }

  #steps(file: number, request: Bare): Steps<Errno> {
    return this.#need().driver.ioctl(this.#file(file), { t: 0, f: file, ...request } as Request);
  }

  #call(steps: Steps<number>, task?: Task): number {
    const { machine } = this.#need().panthor;
    const { hazards } = machine;
    const found = hazards.length;
    const ret = machine.call(steps, task);
    const [hazard] = hazards.slice(found);
    if (ret === undefined || hazard !== undefined) throw new Error(hazard?.detail ?? "no answer");
    return ret;
  }
}

/** An event as these answers have it: nothing of the firmware's VM, and no slot with a command. */
function told(panthor: Panthor, vm: PanthorVm, event: MmuEvent): unknown {
  if (vm === panthor.mcu) return null;
  return typeof event === "string" ? event.replace(/^as_cmd \d+/, "as_cmd") : event;
}
