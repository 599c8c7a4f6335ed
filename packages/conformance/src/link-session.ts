import {
  type DrmDevice,
  DrmExec,
  DrmGemObject,
  DrmGpuvm,
  DrmGpuvmBo,
  type Errno,
  type Gpuva,
  gemVmBos,
  gpuvmBoEvict,
  gpuvmForEachVa,
  gpuvmResvObjectAlloc,
  type Lock,
} from "@gpuvm/core";
import { type Answer, locked, newDevice, type SessionOptions } from "./session.ts";
import type { VmSpace } from "./vm-session.ts";

/** Who holds the references that lines take and put. */
export const CREATOR = "creator";

/** What the validate callback does: see the README of the files, `validate`. */
export interface Validation {
  readonly mode: number;
  readonly fail: number;
  readonly calls: number[];
}

/** Up to two VMs that share objects, with every link and mapping numbered as the file numbers them. */
export class LinkSession {
  readonly dev: DrmDevice;
  /** Links freed by the line. */
  freed: number[] = [];
  /** VM freed by the line. */
  vmFreed: number | null = null;
  /** Set while `validate` runs. */
  validation: Validation | null = null;
  readonly #vms: (DrmGpuvm | null)[] = [];
  readonly #objs = new Map<number, DrmGemObject>();
  readonly #bos = new Map<number, DrmGpuvmBo>();
  readonly #boNumbers = new Map<DrmGpuvmBo, number>();
  readonly #vas = new Map<number, { vm: DrmGpuvm; va: Gpuva }>();
  readonly #vaNumbers = new Map<DrmGpuvm, Map<Gpuva, number>>();

  constructor(options: SessionOptions) {
    this.dev = newDevice(options);
  }

  /** A new VM. */
  addVm(index: number, space: VmSpace, flags: number): void {
    if (this.#vms[index]) wrong(`vm ${index} exists already`);
    while (this.#vms.length < index) this.#vms.push(null);
    const rObj = gpuvmResvObjectAlloc(this.dev) as DrmGemObject;
    const vm = new DrmGpuvm(this.dev, {
      flags,
      rObj,
      start: space.start,
      range: space.range,
      reserveOffset: space.kstart,
      reserveRange: space.krange,
      ops: {
        vmFree: () => {
          this.#vms[index] = null;
          this.vmFreed = index;
        },
        vmBoAlloc: (owner, obj) => this.#newBo(owner, obj),
        vmBoFree: (vmBo) => {
          this.freed.push(this.bo(vmBo));
          this.#bos.delete(this.bo(vmBo));
        },
        vmBoValidate: (vmBo) => this.#validate(vmBo),
      },
    });
    rObj.put(CREATOR);
    this.#vms[index] = vm;
    this.#vaNumbers.set(vm, new Map(vm.kernelNode === 0 ? [] : [[vm.kernelNode, -1]]));
  }

  /** A new object; `resv` -1: with a reservation of its own, else the VM's. */
  addObj(number: number, resv: number): void {
    if (this.#objs.has(number)) wrong(`object ${number} exists already`);
    const funcs = { free: () => void this.#objs.delete(number) };
    const name = `object ${number}`;
    const own = { name, funcs };
    const options = resv < 0 ? own : { ...own, resv: this.vm(resv).resv };
    this.#objs.set(number, new DrmGemObject(this.dev, options));
  }

  /** A mapping that was inserted has this number. */
  addVa(number: number, vm: DrmGpuvm, va: Gpuva): void {
    this.#vas.set(number, { vm, va });
    this.#vaNumbers.get(vm)?.set(va, number);
  }

  /** A VM by its number. */
  vm(index: number): DrmGpuvm {
    return this.#vms[index] ?? wrong(`vm ${index} is not there`);
  }

  /** An object by its number. */
  obj(number: number): DrmGemObject {
    return this.#objs.get(number) ?? wrong(`object ${number} is not there`);
  }

  /** The number of an object. */
  objNumber(obj: DrmGemObject): number {
    for (const [number, known] of this.#objs) if (known === obj) return number;
    return Number.NaN;
  }

  /** A link by its number. */
  vmBo(number: number): DrmGpuvmBo {
    return this.#bos.get(number) ?? wrong(`link ${number} is not there`);
  }

  /** The number of a link. */
  bo(vmBo: DrmGpuvmBo): number {
    return this.#boNumbers.get(vmBo) ?? Number.NaN;
  }

  /** A mapping by its number. */
  va(number: number): { readonly vm: DrmGpuvm; readonly va: Gpuva } {
    return this.#vas.get(number) ?? wrong(`mapping ${number} is not there`);
  }

  /** The number of a mapping; -1: the reserved node. */
  vaNumber(vm: DrmGpuvm, va: Gpuva): number {
    return this.#vaNumbers.get(vm)?.get(va) ?? Number.NaN;
  }

  /** The lock of an object's lists, as seen by a VM, behind the VM's own where that protects lists. */
  destroyLocks(vm: DrmGpuvm, obj: DrmGemObject): Lock[] {
    return vm.resvProtected ? [vm.resv, this.listLock(vm, obj)] : [this.listLock(vm, obj)];
  }

  /** The lock of an object's list of links, as seen by a VM. */
  listLock(vm: DrmGpuvm, obj: DrmGemObject): Lock {
    return vm.immediateMode ? obj.gpuvaLock : obj.resv;
  }

  /** Runs `fn` with the locks, and with the object held so that it can't go while it is locked. */
  withObj<T>(obj: DrmGemObject, locks: readonly Lock[], fn: () => T): T {
    if (this.dev.lockdep === null) return fn();
    obj.get("caller");
    const result = locked(this.dev, locks, fn);
    obj.put("caller");
    return result;
  }

  /** Runs `fn` with the VM's dma_resv and that of every object that has a link to it. */
  withAllResvs<T>(vm: DrmGpuvm, fn: () => T): T {
    const own = [...this.#bos.values()].filter((vmBo) => vmBo.vm === vm);
    return locked(this.dev, [vm.resv, ...own.map((vmBo) => vmBo.obj.resv)], fn);
  }

  /** A drm_exec for a callback that takes none. */
  exec(flags: number): DrmExec {
    return new DrmExec(this.dev, flags);
  }

  /** The whole state, as the files have it. */
  state(): Answer {
    const number = (vmBo: DrmGpuvmBo) => this.bo(vmBo);
    const vms = this.#vms.map((vm) => (vm === null ? null : this.#vmState(vm)));
    while (vms.at(-1) === null) vms.pop();
    return {
      vms,
      objs: [...this.#objs]
        .sort(([a], [b]) => a - b)
        .map(([obj, gem]) => ({ obj, refs: gem.refs, bos: gemVmBos(gem).toArray().map(number) })),
      bos: [...this.#bos].map(([bo, vmBo]) => this.#boState(bo, vmBo)),
    };
  }

  /** The state, for people. */
  describe(): string[] {
    return Object.entries(this.state()).flatMap(([what, list]) => [
      `${what}:`,
      ...(list as unknown[]).map((row) => `  ${JSON.stringify(row)}`),
    ]);
  }

  /** Says what is left over at the end of a scenario: each ends when all is freed. */
  finish(): string[] {
    return (this.dev.ledger?.all() ?? []).map((what) => `${what.name} is still held`);
  }

  #vmState(vm: DrmGpuvm): Answer {
    const number = (vmBo: DrmGpuvmBo) => this.bo(vmBo);
    const defer: number[] = [];
    for (let vmBo = vm.deferred; vmBo !== null; vmBo = vmBo.deferNext) defer.push(this.bo(vmBo));
    const vas: number[] = [];
    gpuvmForEachVa(vm, (va) => vas.push(this.vaNumber(vm, va)));
    return {
      refs: vm.refs,
      ext: vm.extobj.list.toArray().map(number),
      evict: vm.evict.list.toArray().map(number),
      defer,
      vas,
    };
  }

  #boState(bo: number, vmBo: DrmGpuvmBo): Answer {
    const { vm, obj, refs, evicted } = vmBo;
    const vas: number[] = [];
    for (let va = vmBo.vaHead; va !== 0; va = vm.vas.next(va)) vas.push(this.vaNumber(vm, va));
    return { bo, vm: this.#vms.indexOf(vm), obj: this.objNumber(obj), refs, evicted, vas };
  }

  #newBo(vm: DrmGpuvm, obj: DrmGemObject): DrmGpuvmBo {
    const vmBo = new DrmGpuvmBo(vm, obj);
    const number = this.#boNumbers.size + 1;
    this.#boNumbers.set(vmBo, number);
    this.#bos.set(number, vmBo);
    return vmBo;
  }

  #validate(vmBo: DrmGpuvmBo): Errno {
    const { mode, fail, calls } = this.validation as Validation;
    calls.push(this.bo(vmBo));
    if (calls.length - 1 === fail) return -12;
    if (mode === 1) vmBo.evicted = false;
    else if (mode === 2) gpuvmBoEvict(vmBo, false);
    return 0;
  }
}

/** The model and the file disagree about what is there: a failure of the line, not an unreadable file. */
function wrong(reason: string): never {
  throw new Error(reason);
}
