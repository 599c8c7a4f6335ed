import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_REMAP,
  DRM_GPUVA_OP_UNMAP,
  DrmDevice,
  type DrmGemObject,
  DrmGpuvm,
  type DrmGpuvmBo,
  type Errno,
  finish,
  type Gpuva,
  type GpuvaOp,
  type GpuvmOptions,
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
  gpuvmBoObtain,
  gpuvmBoPut,
  gpuvmDump,
  gpuvmFirstVa,
  gpuvmNextVa,
  gpuvmResvObjectAlloc,
  gpuvmSmMapOpsCreate,
  gpuvmSmUnmapOpsCreate,
  type Steps,
  type U64,
} from "../../src/index.ts";

/** A VM on a device, with defaults. */
export function newVm(
  options: Partial<Omit<GpuvmOptions, "rObj">> = {},
  dev: DrmDevice = new DrmDevice(),
): DrmGpuvm {
  const rObj = gpuvmResvObjectAlloc(dev) as DrmGemObject;
  const vm = new DrmGpuvm(dev, { start: 0, range: 2 ** 40, ops: { vmFree() {} }, ...options, rObj });
  rObj.put("creator");
  return vm;
}

/** Inserts and links a mapping as it is; the VA, or -errno. */
export function insert(
  vm: DrmGpuvm,
  addr: U64,
  range: U64,
  obj: DrmGemObject | null = null,
  offset: U64 = 0,
): Gpuva {
  const va = gpuvaAlloc(vm);
  gpuvaInit(vm, va, addr, range, obj, offset);
  const ret = gpuvaInsert(vm, va);
  if (ret !== 0) {
    gpuvaFree(vm, va);
    // Tests hold it against errnos.
    return ret as number as Gpuva;
  }
  if (obj !== null) link(vm, va, obj);
  return va;
}

/** Links a VA to the object's one vm_bo. */
export function link(vm: DrmGpuvm, va: Gpuva, obj: DrmGemObject): void {
  const vmBo = gpuvmBoObtain(vm, obj, "driver") as DrmGpuvmBo;
  gpuvaLink(vm, va, vmBo);
  gpuvmBoPut(vmBo, "driver");
}

/** Applies one step as the kernel's first example does. */
export function applyOp(vm: DrmGpuvm, op: GpuvaOp): void {
  const old = gpuvaOpOldVa(op);
  if (op.op === DRM_GPUVA_OP_MAP) {
    const va = gpuvaAlloc(vm);
    gpuvaMap(vm, va, op.map);
    if (op.map.obj !== null) link(vm, va, op.map.obj);
  } else if (op.op === DRM_GPUVA_OP_REMAP) {
    const { prev, next } = op.remap;
    const pieces = [prev, next].map((piece) => (piece === null ? 0 : gpuvaAlloc(vm))) as [Gpuva, Gpuva];
    gpuvaRemap(vm, ...pieces, op.remap);
    const obj = gpuvaObj(vm, old);
    for (const va of pieces) if (va !== 0 && obj !== null) link(vm, va, obj);
    gpuvaUnlink(vm, old);
    gpuvaFree(vm, old);
  } else if (op.op === DRM_GPUVA_OP_UNMAP) {
    gpuvaUnlink(vm, old);
    gpuvaUnmap(vm, op.unmap);
    gpuvaFree(vm, old);
  }
}

/** Maps with split and merge; the number of steps, or -errno. */
export function map(
  vm: DrmGpuvm,
  addr: U64,
  range: U64,
  obj: DrmGemObject | null = null,
  offset: U64 = 0,
): number {
  const ops = gpuvmSmMapOpsCreate(vm, { addr, range, obj, offset });
  return consume(vm, ops);
}

/** Unmaps with split; the number of steps, or -errno. */
export function unmap(vm: DrmGpuvm, addr: U64, range: U64): number {
  return consume(vm, gpuvmSmUnmapOpsCreate(vm, addr, range));
}

/** Applies and frees a list; its length, or the error in its place. */
export function consume(vm: DrmGpuvm, ops: ReturnType<typeof gpuvmSmUnmapOpsCreate>): number {
  if (typeof ops === "number") return ops;
  for (const op of ops) applyOp(vm, op);
  const n = ops.length;
  gpuvaOpsFree(vm, ops);
  return n;
}

/** The VAs without the kernel node, ascending. */
export function vasOf(vm: DrmGpuvm): Gpuva[] {
  return gpuvmDump(vm) as Gpuva[];
}

/** Takes every mapping away and puts the creator's reference. */
export function close(vm: DrmGpuvm): void {
  for (let va = gpuvmFirstVa(vm); va !== 0; ) {
    const next = gpuvmNextVa(vm, va);
    if (va !== vm.kernelNode) {
      gpuvaUnlink(vm, va);
      gpuvaUnmap(vm, { va, keep: false });
      gpuvaFree(vm, va);
    }
    va = next;
  }
  vm.put("creator");
}

/** Runs calls that never have to wait, one after the other. */
export function all(...calls: Steps<Errno>[]): Errno[] {
  return calls.map((call) => finish(call));
}
