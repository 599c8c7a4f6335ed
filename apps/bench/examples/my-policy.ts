import {
  DrmGpuvm,
  EINVAL,
  ENOENT,
  ENOMEM,
  type Errno,
  type Gpuva,
  gpuvaAlloc,
  gpuvaFind,
  gpuvaFree,
  gpuvaInit,
  gpuvaInsert,
  gpuvaLink,
  gpuvaObj,
  gpuvaRemove,
  gpuvaUnlink,
  gpuvmBoObtain,
  gpuvmBoPut,
  gpuvmFirstVa,
  gpuvmResvObjectAlloc,
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

/** An open file: it has one VM. */
class MyFile extends DrmFile {
  vm: MyVm | null = null;
}

/** An address space with its page tables. */
interface MyVm {
  readonly gpuvm: DrmGpuvm;
  readonly pt: PageTable;
}

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

function* map(file: MyFile, vm: MyVm, op: BindOp): Steps<Errno> {
  const { gpuvm, pt } = vm;
  const { dev } = gpuvm;
  const bo = file.lookup(op.bo, "ioctl");
  if (bo === null) return -ENOENT;
  yield* lock(dev, gpuvm.resv, "my_map");
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
  unlock(dev, gpuvm.resv);
  bo.put("ioctl");
  return ret;
}

/** Takes one mapping away. The VM's dma_resv is held. */
function* unmap({ gpuvm, pt }: MyVm, va: Gpuva): Steps<void> {
  const { dev, vas } = gpuvm;
  const bo = gpuvaObj(gpuvm, va);
  if (bo === null) return;
  bo.get("unmap");
  yield* lock(dev, bo.resv, "my_unmap");
  pt.unmap(vas.addr(va), vas.range(va));
  gpuvaRemove(gpuvm, va);
  gpuvaUnlink(gpuvm, va);
  gpuvaFree(gpuvm, va);
  unlock(dev, bo.resv);
  bo.put("unmap");
}

function* bind(file: MyFile, vm: MyVm, op: BindOp): Steps<Errno> {
  if (op.kind === "map") return yield* map(file, vm, op);
  const { gpuvm } = vm;
  yield* lock(gpuvm.dev, gpuvm.resv, "my_bind");
  const va = gpuvaFind(gpuvm, op.va, op.length);
  if (va !== 0) yield* unmap(vm, va);
  unlock(gpuvm.dev, gpuvm.resv);
  return va === 0 ? -ENOENT : 0;
}

/** The last descriptor goes. */
function* release(file: MyFile, unmapsAtClose: boolean): Steps<void> {
  yield* file.closeAll(null);
  const { vm } = file;
  if (vm === null) return;
  const { gpuvm } = vm;
  if (unmapsAtClose) {
    yield* lock(gpuvm.dev, gpuvm.resv, "my_release");
    for (let va = gpuvmFirstVa(gpuvm); va !== 0; va = gpuvmFirstVa(gpuvm)) yield* unmap(vm, va);
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
