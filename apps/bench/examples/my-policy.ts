import {
  DRM_GPUVA_OP_REMAP,
  DRM_GPUVA_OP_UNMAP,
  DrmGpuvm,
  type DrmGpuvmBo,
  EINVAL,
  ENOENT,
  ENOMEM,
  type Errno,
  type GpuvaOpRemap,
  GpuvaOpSlot,
  type GpuvaOpUnmap,
  gpuvaAlloc,
  gpuvaBo,
  gpuvaFree,
  gpuvaInit,
  gpuvaInsert,
  gpuvaLink,
  gpuvaObj,
  gpuvaOpRemapToUnmapRange,
  gpuvaRemap,
  gpuvaUnlink,
  gpuvaUnmap,
  gpuvmBoObtain,
  gpuvmBoPut,
  gpuvmResvObjectAlloc,
  gpuvmSmUnmapBegin,
  type Steps,
} from "@gpuvm/core";
import {
  type BindOp,
  Bo,
  type DriverVariant,
  DrmFile,
  KIB4,
  lock,
  type Machine,
  MIB2,
  PageTable,
  preempt,
  unlock,
  VmRecord,
} from "@gpuvm/drm-model";

/** An address space with its page tables. */
interface MyVm {
  readonly gpuvm: DrmGpuvm;
  readonly pt: PageTable;
}

/** An open file: it has one VM. */
class MyFile extends DrmFile {
  vm: MyVm | null = null;
}

/** What VM_CREATE makes; null: no memory. */
function createVm(machine: Machine, file: number): MyVm | null {
  const rObj = gpuvmResvObjectAlloc(machine.dev);
  if (rObj === null) return null;
  const vmFree = () => {
    record.freed = true;
  };
  const gpuvm = new DrmGpuvm(machine.dev, { rObj, start: 0, range: 2 ** 47, ops: { vmFree } });
  rObj.put("creator");
  const pt = new PageTable(machine, { pageSizes: [KIB4], tableSpans: [MIB2] });
  const record = new VmRecord(file, null, gpuvm, pt);
  machine.vms.push(record);
  return { gpuvm, pt };
}

/** One operation of VM_BIND: what is mapped there goes; for a map, the new mapping comes. */
function* bind(file: MyFile, vm: MyVm, op: BindOp): Steps<Errno> {
  const { gpuvm } = vm;
  const bo = op.kind === "map" ? file.lookup(op.bo, "ioctl") : null;
  if (op.kind === "map" && bo === null) return -ENOENT;
  yield* lock(gpuvm.dev, gpuvm.resv, "my_bind");
  let ret = yield* clear(vm, op.va, op.length);
  if (ret === 0 && bo !== null) ret = yield* map(vm, op, bo);
  unlock(gpuvm.dev, gpuvm.resv);
  bo?.put("ioctl");
  return ret;
}

/** Empties a range. The VM's dma_resv is held. */
function* clear(vm: MyVm, start: number, length: number): Steps<Errno> {
  const { gpuvm } = vm;
  const walk = gpuvmSmUnmapBegin(gpuvm, start, length);
  if (typeof walk === "number") return walk;
  const op = new GpuvaOpSlot();
  while (walk.next(op)) {
    if (op.op === DRM_GPUVA_OP_REMAP) yield* cut(vm, op);
    else if (op.op === DRM_GPUVA_OP_UNMAP) yield* unmap(vm, op);
  }
  return 0;
}

function* map({ gpuvm, pt }: MyVm, op: BindOp, bo: Bo): Steps<Errno> {
  const { dev } = gpuvm;
  yield* lock(dev, bo.resv, "my_map");
  yield* preempt(dev, "alloc", "my_map");
  const vmBo = gpuvmBoObtain(gpuvm, bo, "ioctl");
  let ret: Errno = vmBo === null ? -ENOMEM : 0;
  if (vmBo !== null) {
    const va = gpuvaAlloc(gpuvm);
    gpuvaInit(gpuvm, va, op.va, op.length, bo, op.boOffset);
    ret = gpuvaInsert(gpuvm, va);
    if (ret === 0) {
      gpuvaLink(gpuvm, va, vmBo);
      pt.map(op.va, op.length, bo, op.boOffset);
    } else gpuvaFree(gpuvm, va);
    gpuvmBoPut(vmBo, "ioctl");
  }
  unlock(dev, bo.resv);
  return ret;
}

/** A mapping goes. */
function* unmap({ gpuvm, pt }: MyVm, op: GpuvaOpUnmap): Steps<void> {
  const { va } = op.unmap;
  const bo = gpuvaObj(gpuvm, va) as Bo;
  bo.get("unmap");
  yield* lock(gpuvm.dev, bo.resv, "my_unmap");
  pt.unmap(gpuvm.vas.addr(va), gpuvm.vas.range(va));
  gpuvaUnmap(gpuvm, op.unmap);
  gpuvaUnlink(gpuvm, va);
  gpuvaFree(gpuvm, va);
  unlock(gpuvm.dev, bo.resv);
  bo.put("unmap");
}

/** A mapping is cut: what is left of it before and behind are mappings of their own. */
function* cut({ gpuvm, pt }: MyVm, { remap }: GpuvaOpRemap): Steps<void> {
  const { va } = remap.unmap;
  const bo = gpuvaObj(gpuvm, va) as Bo;
  yield* lock(gpuvm.dev, bo.resv, "my_cut");
  const hole = gpuvaOpRemapToUnmapRange(gpuvm, remap);
  pt.unmap(hole.start, hole.range);
  const vmBo = gpuvaBo(gpuvm, va) as DrmGpuvmBo;
  const before = remap.prev === null ? 0 : gpuvaAlloc(gpuvm);
  const behind = remap.next === null ? 0 : gpuvaAlloc(gpuvm);
  gpuvaRemap(gpuvm, before, behind, remap);
  for (const piece of [before, behind]) if (piece !== 0) gpuvaLink(gpuvm, piece, vmBo);
  gpuvaUnlink(gpuvm, va);
  gpuvaFree(gpuvm, va);
  unlock(gpuvm.dev, bo.resv);
}

/** The last descriptor of a file went. */
function* release(file: MyFile, unmapsAtClose: boolean): Steps<void> {
  yield* file.closeAll(null);
  const { vm } = file;
  if (vm === null) return;
  const { gpuvm } = vm;
  if (unmapsAtClose) {
    yield* lock(gpuvm.dev, gpuvm.resv, "my_release");
    yield* clear(vm, 0, 2 ** 47);
    unlock(gpuvm.dev, gpuvm.resv);
  }
  gpuvm.put("creator");
}

const policy: DriverVariant = {
  policy: {
    driver: "my",
    variant: "first",
    models: "a guide",
    boOwnership: "hard",
    edges: [],
    teardown: [],
    capabilities: [],
  },
  userspace: {
    speaks: () => false,
    lift: () => () => [],
    lower: () => (request) => {
      if (request.op === "vm_bind" || request.op === "vm_create") return [request];
      return request.op === "gem_new" || request.op === "gem_close" ? [request] : [];
    },
  },
  start: (machine, options = {}) => ({
    policy: policy.policy,
    open: (id) => new MyFile(machine, id),
    *ioctl(drmFile, request) {
      const file = drmFile as MyFile;
      if (request.op === "gem_new") {
        file.publish(request.bo, new Bo(machine, { size: request.size }));
        return 0;
      }
      if (request.op === "gem_close") return (yield* file.close(request.bo, null)) ? 0 : -ENOENT;
      if (request.op === "vm_create") {
        file.vm ??= createVm(machine, file.id);
        return file.vm === null ? -ENOMEM : 0;
      }
      if (request.op !== "vm_bind" || file.vm === null) return -EINVAL;
      for (const op of request.ops) {
        const ret = yield* bind(file, file.vm, op);
        if (ret !== 0) return ret;
      }
      return 0;
    },
    release: (file) => release(file as MyFile, !options.defects?.has("forgets")),
    *unload() {},
  }),
};

export default policy;
