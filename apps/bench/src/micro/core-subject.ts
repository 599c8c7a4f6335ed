import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_REMAP,
  DrmDevice,
  DrmGemObject,
  DrmGpuvm,
  type DrmGpuvmBo,
  type Errno,
  type Gpuva,
  type GpuvaOpRemap,
  type GpuvaOps,
  type GpuvaOpUnmap,
  type GpuvaSmOp,
  type GpuvmOps,
  gpuvaAlloc,
  gpuvaBo,
  gpuvaFindFirst,
  gpuvaFree,
  gpuvaLink,
  gpuvaMap,
  gpuvaObj,
  gpuvaOpsFree,
  gpuvaRemap,
  gpuvaUnlink,
  gpuvaUnmap,
  gpuvmBoObtain,
  gpuvmBoPut,
  gpuvmForEachVa,
  gpuvmResvObjectAlloc,
  gpuvmSmMap,
  gpuvmSmMapOpsCreate,
  gpuvmSmUnmap,
  gpuvmSmUnmapOpsCreate,
  type OpMap,
} from "@gpuvm/core";
import { type Checksum, page } from "./checksum.ts";
import { type MicroMode, Request, type Subject } from "./subject.ts";

/** The 64 objects of the workloads, and one that is not used. */
const OBJECTS = 65;
const HOLDER = "micro";

/** The core, driven through its public functions the way a driver does it. */
export class CoreSubject implements Subject<DrmGemObject> {
  objects: readonly DrmGemObject[];
  request: Request<DrmGemObject>;
  readonly sum: Checksum;
  vm: DrmGpuvm;
  readonly #callbacks: boolean;

  /** An empty VM of the workloads' shape. */
  constructor(mode: MicroMode, sum: Checksum) {
    const dev = new DrmDevice();
    const rObj = gpuvmResvObjectAlloc(dev) as DrmGemObject;
    this.sum = sum;
    this.#callbacks = mode === "cb";
    this.vm = new DrmGpuvm(dev, {
      rObj,
      start: 0,
      range: 2 ** 48,
      reserveOffset: 0,
      reserveRange: 65536,
      ops: stepsOf(this),
    });
    this.objects = Array.from({ length: OBJECTS }, () => new DrmGemObject(dev));
    this.request = new Request(this.objects[1] as DrmGemObject);
  }

  map(): void {
    if (this.#callbacks) check(gpuvmSmMap(this.vm, this, this.request));
    else this.#apply(gpuvmSmMapOpsCreate(this.vm, this.request));
  }

  unmap(): void {
    const { addr, range } = this.request;
    if (this.#callbacks) check(gpuvmSmUnmap(this.vm, this, addr, range));
    else this.#apply(gpuvmSmUnmapOpsCreate(this.vm, addr, range));
  }

  find(): boolean {
    const va = gpuvaFindFirst(this.vm, this.request.addr, this.request.range);
    if (va === 0) return false;
    this.sum.take(page(this.vm.vas.addr(va)));
    return true;
  }

  walk(passes: number): void {
    const { vm, sum } = this;
    const visit = (va: Gpuva): void => sum.take(page(vm.vas.addr(va)));
    for (let i = 0; i < passes; i++) gpuvmForEachVa(vm, visit);
  }

  live(): number {
    return this.vm.mappings - 1;
  }

  /** Lets go of the VM and its objects, so that their memory can be measured. */
  release(): void {
    const empty = new CoreSubject(this.#callbacks ? "cb" : "ops", this.sum);
    this.vm = empty.vm;
    this.objects = empty.objects;
    this.request = empty.request;
  }

  #apply(ops: GpuvaOps<GpuvaSmOp> | Errno): void {
    if (typeof ops === "number") {
      check(ops);
      return;
    }
    for (let i = 0; i < ops.length; i++) {
      const op = ops.at(i);
      if (op.op === DRM_GPUVA_OP_MAP) this.applyMap(op.map);
      else if (op.op === DRM_GPUVA_OP_REMAP) this.applyRemap(op);
      else this.applyUnmap(op);
    }
    gpuvaOpsFree(this.vm, ops);
  }

  applyMap(map: OpMap): void {
    const { vm, sum } = this;
    sum.steps++;
    sum.take(page(map.addr) + 1);
    if (sum.wantsFull) this.#fullMap(map);
    const vmBo = gpuvmBoObtain(vm, map.obj as DrmGemObject, HOLDER) as DrmGpuvmBo;
    const va = gpuvaAlloc(vm);
    gpuvaMap(vm, va, map);
    gpuvaLink(vm, va, vmBo);
    gpuvmBoPut(vmBo, HOLDER);
  }

  applyRemap(op: GpuvaOpRemap): void {
    const { vm, sum } = this;
    const { prev, next, unmap } = op.remap;
    const old = unmap.va;
    sum.steps++;
    sum.take(page(vm.vas.addr(old)) + 2);
    if (prev !== null) sum.take(page(prev.range));
    if (next !== null) sum.take(page(next.addr));
    if (sum.wantsFull) this.#fullRemap(op);
    const vmBo = gpuvaBo(vm, old) as DrmGpuvmBo;
    const prevVa = prev === null ? 0 : gpuvaAlloc(vm);
    const nextVa = next === null ? 0 : gpuvaAlloc(vm);
    gpuvaRemap(vm, prevVa, nextVa, op.remap);
    if (prevVa !== 0) gpuvaLink(vm, prevVa, vmBo);
    if (nextVa !== 0) gpuvaLink(vm, nextVa, vmBo);
    gpuvaUnlink(vm, old);
    gpuvaFree(vm, old);
  }

  applyUnmap(op: GpuvaOpUnmap): void {
    const { vm, sum } = this;
    const { unmap } = op;
    sum.steps++;
    sum.take(page(vm.vas.addr(unmap.va)) + (unmap.keep ? 4 : 3));
    if (sum.wantsFull) this.#fullUnmap(op);
    gpuvaUnlink(vm, unmap.va);
    gpuvaUnmap(vm, unmap);
    gpuvaFree(vm, unmap.va);
  }

  #fullMap({ addr, range, obj, offset }: OpMap): void {
    this.sum.takeFull({ kind: 1, addr, range, object: this.#number(obj), offset });
  }

  #fullRemap({ remap }: GpuvaOpRemap): void {
    const pieces = [remap.prev, remap.next].map((p) =>
      p === null ? null : ([p.addr, p.range, p.offset] as const),
    );
    this.sum.takeFull({ kind: 2, ...this.#old(remap.unmap.va), keep: remap.unmap.keep, pieces });
  }

  #fullUnmap({ unmap }: GpuvaOpUnmap): void {
    this.sum.takeFull({ kind: 3, ...this.#old(unmap.va), keep: unmap.keep });
  }

  #old(va: Gpuva): { addr: number; range: number; object: number; offset: number } {
    const { vas } = this.vm;
    return {
      addr: vas.addr(va),
      range: vas.range(va),
      object: this.#number(gpuvaObj(this.vm, va)),
      offset: vas.offset(va),
    };
  }

  #number(obj: DrmGemObject | null): number {
    return obj === null ? 0 : this.objects.indexOf(obj);
  }
}

/** The callbacks of immediate application. */
function stepsOf(subject: CoreSubject): GpuvmOps {
  return {
    vmFree() {},
    smStepMap(op) {
      subject.applyMap(op.map);
      return 0;
    },
    smStepRemap(op) {
      subject.applyRemap(op);
      return 0;
    },
    smStepUnmap(op) {
      subject.applyUnmap(op);
      return 0;
    },
  };
}

function check(ret: number): void {
  if (ret !== 0) throw new Error(`the request was refused: ${ret}`);
}
