import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_PREFETCH,
  DRM_GPUVA_OP_REMAP,
  type DrmDevice,
  DrmExec,
  DrmGemObject,
  DrmGpuvm,
  type DrmGpuvmBo,
  ENOMEM,
  type Errno,
  finish,
  type Gpuva,
  type GpuvaOpMap,
  type GpuvaOpPrefetch,
  type GpuvaOpRemap,
  type GpuvaOps,
  type GpuvaSmOp,
  gemVmBos,
  gpuvaAlloc,
  gpuvaFree,
  gpuvaInit,
  gpuvaInsert,
  gpuvaLink,
  gpuvaMap,
  gpuvaObj,
  gpuvaOpOldVa,
  gpuvaOpsFree,
  gpuvaRemap,
  gpuvaUnlink,
  gpuvaUnmap,
  gpuvmBoFind,
  gpuvmBoObtain,
  gpuvmBoPut,
  gpuvmBoUnmapOpsCreate,
  gpuvmFirstVa,
  gpuvmForEachVa,
  gpuvmNextVa,
  gpuvmResvObjectAlloc,
  gpuvmSmMapExecLock,
  gpuvmSmUnmapExecLock,
  type Steps,
  VA_INSERTED,
} from "@gpuvm/core";
import { type Answer, locked, newDevice, type SessionOptions } from "./session.ts";
import { type Mapping, mappingOf, type NumberOf, stepOf } from "./steps.ts";

/** Who holds the references that a request takes only for itself. */
const REQUEST = "request";

/** Parameters of the `init` line. */
export interface VmSpace {
  readonly start: bigint;
  readonly range: bigint;
  readonly kstart: bigint;
  readonly krange: bigint;
}

/** One VM and its objects, and a driver that applies steps as the files' README says: unmap, remap, map, link. */
export class VmSession {
  readonly dev: DrmDevice;
  readonly vm: DrmGpuvm;
  /** The steps that callbacks were given, during a request in callback form. */
  delivered: Record<string, unknown>[] = [];
  /** Index of the step that a callback refuses. */
  failAt = -1;
  readonly #objs: DrmGemObject[] = [];
  readonly #numbers = new Map<DrmGemObject, number>();
  #freed = false;

  constructor(space: VmSpace, options: SessionOptions) {
    this.dev = newDevice(options);
    const rObj = gpuvmResvObjectAlloc(this.dev) as DrmGemObject;
    const step = (op: GpuvaSmOp) => this.#step(op);
    this.vm = new DrmGpuvm(this.dev, {
      rObj,
      start: space.start,
      range: space.range,
      reserveOffset: space.kstart,
      reserveRange: space.krange,
      ops: {
        smStepMap: step,
        smStepRemap: step,
        smStepUnmap: step,
        vmFree: () => {
          this.#freed = true;
        },
      },
    });
    rObj.put("creator");
  }

  /** An object by its number; all up to it come into being. 0: none. */
  obj(number: number): DrmGemObject | null {
    while (this.#objs.length < number) {
      const obj = new DrmGemObject(this.dev, { name: `object ${this.#objs.length + 1}` });
      this.#objs.push(obj);
      this.#numbers.set(obj, this.#objs.length);
    }
    return this.#objs[number - 1] ?? null;
  }

  /** The number of an object. */
  readonly numberOf: NumberOf = (obj) => (obj === null ? 0 : (this.#numbers.get(obj) ?? Number.NaN));

  /** A mapping as the file writes it, or null for none. */
  mapping(va: Gpuva): Mapping | null {
    return va === 0 ? null : mappingOf(this.vm, va, this.numberOf);
  }

  /** Mappings without the reserved node. */
  get n(): number {
    const { vm } = this;
    const reserved = vm.kernelNode !== 0 && vm.vas.is(vm.kernelNode, VA_INSERTED);
    return vm.mappings - (reserved ? 1 : 0);
  }

  /** Answers with a list's steps, applies them unless this is a dry run, and frees the list. */
  consume(ops: GpuvaOps<GpuvaSmOp | GpuvaOpPrefetch> | Errno, dry: boolean): Answer {
    if (typeof ops === "number") return { ret: ops, n: this.n };
    const steps = ops.list.map((op) => stepOf(this.vm, op, this.numberOf));
    if (!dry) for (const op of ops) if (op.op !== DRM_GPUVA_OP_PREFETCH) this.apply(op);
    gpuvaOpsFree(this.vm, ops);
    return { ret: 0, steps, n: this.n };
  }

  /** Applies one step. */
  apply(op: GpuvaSmOp): void {
    const old = gpuvaOpOldVa(op);
    const obj = op.op === DRM_GPUVA_OP_MAP ? op.map.obj : gpuvaObj(this.vm, old);
    this.#withListOf(obj, () => {
      if (op.op === DRM_GPUVA_OP_MAP) this.#map(op);
      else if (op.op === DRM_GPUVA_OP_REMAP) this.#remap(op, old);
      else {
        gpuvaUnlink(this.vm, old);
        gpuvaUnmap(this.vm, op.unmap);
        gpuvaFree(this.vm, old);
      }
    });
  }

  /** Inserts a mapping as it is, and links it. */
  insert(addr: bigint, range: bigint, number: number, offset: bigint): Errno {
    const { vm } = this;
    const obj = this.obj(number);
    const va = gpuvaAlloc(vm);
    gpuvaInit(vm, va, addr, range, obj, offset);
    const ret = gpuvaInsert(vm, va);
    if (ret !== 0) gpuvaFree(vm, va);
    else this.#withListOf(obj, () => this.#link(va, obj));
    return ret;
  }

  /** Runs a request in callback form: steps are applied as they are delivered, until the one with index `fail`. */
  deliver(fail: number, run: (vm: DrmGpuvm) => Errno): Answer {
    this.delivered = [];
    this.failAt = fail;
    const ret = run(this.vm);
    return { steps: this.delivered, ret, n: this.n };
  }

  /** What a request would touch is locked, and let go again. */
  lockMap(flags: number, addr: bigint, range: bigint, number: number, offset: bigint): Answer {
    const req = { addr, range, obj: this.obj(number), offset };
    return this.#lock(flags, (exec) => gpuvmSmMapExecLock(this.vm, exec, 1, req));
  }

  /** As {@link VmSession.lockMap}. */
  lockUnmap(flags: number, addr: bigint, range: bigint): Answer {
    return this.#lock(flags, (exec) => gpuvmSmUnmapExecLock(this.vm, exec, addr, range));
  }

  /** Takes away every mapping of an object, in the order of its list. */
  boUnmap(number: number, dry: boolean): Answer {
    const obj = this.obj(number) as DrmGemObject;
    const ops = this.#withListOf(obj, () => {
      const vmBo = gpuvmBoFind(this.vm, obj, REQUEST);
      const list = vmBo === null ? null : gpuvmBoUnmapOpsCreate(vmBo);
      gpuvmBoPut(vmBo, REQUEST);
      return list;
    });
    return ops === null ? { ret: 0, steps: [], n: this.n } : this.consume(ops, dry);
  }

  /** Every link, by object number: its counts, and its mappings in the order of linking. */
  links(): Answer[] {
    const { vas } = this.vm;
    return this.#objs.flatMap((obj, i) =>
      gemVmBos(obj)
        .toArray()
        .map((vmBo) => {
          const linked: (Mapping | null)[] = [];
          for (let va = vmBo.vaHead; va !== 0; va = vas.next(va)) linked.push(this.mapping(va));
          return { obj: i + 1, refs: vmBo.refs, objRefs: obj.refs, vas: linked };
        }),
    );
  }

  /** All mappings in address order, the reserved node included. */
  mappings(): (Mapping | null)[] {
    const out: (Mapping | null)[] = [];
    gpuvmForEachVa(this.vm, (va) => out.push(this.mapping(va)));
    return out;
  }

  /** The VM, for people. */
  describe(): string[] {
    const rows = this.mappings().map((m) => `  ${JSON.stringify(m)}`);
    return [`${this.n} mappings, ${this.vm.refs} references:`, ...rows];
  }

  /** Takes the VM down as a driver must; says what is left over. */
  finish(): string[] {
    const { vm, dev } = this;
    const warnings = dev.warnings;
    for (let va = gpuvmFirstVa(vm); va !== 0; ) {
      const next = gpuvmNextVa(vm, va);
      if (va !== vm.kernelNode) this.#tearDown(va);
      va = next;
    }
    vm.put("creator");
    const left = this.#objs.filter((obj) => !obj.put("creator")).map((obj) => `${obj.name} is not freed`);
    if (!this.#freed) left.push("the VM is not freed");
    if (dev.refs !== 1) left.push(`the device has ${dev.refs} references`);
    if (dev.warnings !== warnings) left.push(`${dev.warnings - warnings} warnings at the end of the VM`);
    return left.concat((dev.ledger?.all() ?? []).map((what) => `${what.name} is still held`));
  }

  #tearDown(va: Gpuva): void {
    const { vm } = this;
    this.#withListOf(gpuvaObj(vm, va), () => {
      gpuvaUnlink(vm, va);
      gpuvaUnmap(vm, { va, keep: false });
      gpuvaFree(vm, va);
    });
  }

  #step(op: GpuvaSmOp): Errno {
    this.delivered.push(stepOf(this.vm, op, this.numberOf));
    if (this.delivered.length - 1 === this.failAt) return -ENOMEM;
    this.apply(op);
    return 0;
  }

  #map(op: GpuvaOpMap): void {
    const va = gpuvaAlloc(this.vm);
    gpuvaMap(this.vm, va, op.map);
    this.#link(va, op.map.obj);
  }

  #remap(op: GpuvaOpRemap, old: Gpuva): void {
    const { vm } = this;
    const { prev, next } = op.remap;
    const prevVa = prev === null ? 0 : gpuvaAlloc(vm);
    const nextVa = next === null ? 0 : gpuvaAlloc(vm);
    gpuvaRemap(vm, prevVa, nextVa, op.remap);
    const obj = gpuvaObj(vm, old);
    if (prevVa !== 0) this.#link(prevVa, obj);
    if (nextVa !== 0) this.#link(nextVa, obj);
    gpuvaUnlink(vm, old);
    gpuvaFree(vm, old);
  }

  #link(va: Gpuva, obj: DrmGemObject | null): void {
    if (obj === null) return;
    const vmBo = gpuvmBoObtain(this.vm, obj, REQUEST) as DrmGpuvmBo;
    gpuvaLink(this.vm, va, vmBo);
    gpuvmBoPut(vmBo, REQUEST);
  }

  #lock(flags: number, lock: (exec: DrmExec) => Steps<Errno>): Answer {
    const exec = new DrmExec(this.dev, flags);
    let ret: Errno = 0;
    let objs: number[] = [];
    while (exec.untilAllLocked()) {
      ret = finish(lock(exec));
      objs = exec.objects.map(this.numberOf);
      if (exec.contended === null && ret !== 0) break;
    }
    exec.fini();
    return { ret, objs, n: this.n };
  }

  /** Holds the object and the lock of its lists. */
  #withListOf<T>(obj: DrmGemObject | null, fn: () => T): T {
    if (obj === null || this.dev.lockdep === null) return fn();
    obj.get(REQUEST);
    const result = locked(this.dev, [obj.resv], fn);
    obj.put(REQUEST);
    return result;
  }
}
