import {
  DRM_GPUVM_IMMEDIATE_MODE,
  type DrmGemObject,
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
  gpuvaUnlinkDefer,
  gpuvmBoCreate,
  gpuvmBoDeferredCleanup,
  gpuvmBoObtainPrealloc,
  gpuvmBoPutDeferred,
  gpuvmFirstVa,
  gpuvmResvObjectAlloc,
  Lock,
  type Steps,
} from "@gpuvm/core";
import {
  Bo,
  type DriverVariant,
  DrmFile,
  KIB4,
  lock,
  type Machine,
  MIB2,
  PageTable,
  preempt,
  type RequestOf,
  unlock,
  VmRecord,
} from "@gpuvm/drm-model";

/**
 * A driver with nothing but the bare minimum: VMs by number, binds that happen in the call, in immediate mode. It has
 * planted defects, by name:
 *
 * - `dropped-put`: a failed allocation in a bind forgets the BO it looked up
 * - `late-get`: the VM is looked up, and held only after somebody else may have run
 * - `no-drain`: VM destroy unmaps, but leaves zombies on the deferred list
 * - `early-free`: a VA's page-table entries are cleared after the VA was unlinked and its BO perhaps freed
 * - `early-publish`: a VM's number is published before the VM is ready
 * - `no-lock`: an unmap changes the tree without the VM's lock
 */
export const toy: DriverVariant = {
  policy: {
    driver: "toy",
    variant: "toy",
    models: "nothing",
    boOwnership: "hard",
    edges: [],
    teardown: [],
    capabilities: [],
  },
  userspace: { speaks: () => true, lift: () => () => [], lower: () => () => [] },
  start(machine, options = {}) {
    const bad = (name: string) => options.defects?.has(name) ?? false;
    return {
      policy: toy.policy,
      open: (id) => new ToyFile(machine, id),
      *ioctl(file, request) {
        const toyFile = file as ToyFile;
        switch (request.op) {
          case "gem_new":
            file.publish(request.bo, new Bo(machine, { size: request.size }));
            return 0;
          case "gem_close":
            return (yield* file.close(request.bo, null)) ? 0 : -ENOENT;
          case "vm_create":
            return yield* create(machine, toyFile, request, bad);
          case "vm_destroy":
            return yield* destroy(machine, toyFile, request.vm, bad);
          case "vm_bind":
            return yield* bind(machine, toyFile, request, bad);
          default:
            return -EINVAL;
        }
      },
      *release(file) {
        const toyFile = file as ToyFile;
        for (const id of [...toyFile.vms.keys()]) yield* destroy(machine, toyFile, id, bad);
        yield* file.closeAll(null);
      },
      *unload() {},
    };
  },
};

type Bad = (name: string) => boolean;

class ToyFile extends DrmFile {
  readonly vms: Map<number, ToyVm> = new Map();
}

class ToyVm {
  /** Serialises binds. */
  readonly lock: Lock;
  readonly vm: DrmGpuvm;
  readonly pt: PageTable;
  dead = false;
  ready = false;

  constructor(machine: Machine, file: number, id: number, rObj: DrmGemObject) {
    const { dev } = machine;
    this.lock = new Lock("bind lock", "toy bind", dev.lockdep);
    this.pt = new PageTable(machine, { pageSizes: [KIB4], tableSpans: [MIB2] });
    this.vm = new DrmGpuvm(dev, {
      rObj,
      flags: DRM_GPUVM_IMMEDIATE_MODE,
      start: 0,
      range: 2 ** 32,
      ops: {
        vmFree: () => {
          record.freed = true;
        },
      },
    });
    rObj.put("creator");
    const record = new VmRecord(file, id, this.vm, this.pt);
    machine.vms.push(record);
  }
}

function* create(machine: Machine, file: ToyFile, request: RequestOf<"vm_create">, bad: Bad): Steps<Errno> {
  const { dev } = machine;
  if (dev.stopsFor("alloc", "toy_vm_alloc")) yield dev.point;
  const rObj = gpuvmResvObjectAlloc(dev);
  if (rObj === null) return -ENOMEM;
  const vm = new ToyVm(machine, file.id, request.vm, rObj);
  if (!bad("early-publish")) vm.ready = true;
  yield* preempt(dev, "publish", "toy_vm_publish");
  file.vms.set(request.vm, vm);
  if (!bad("early-publish")) return 0;
  yield* preempt(dev, "preempt", "toy_vm_init");
  vm.vm.get("init");
  vm.ready = true;
  vm.vm.put("init");
  return 0;
}

function* destroy(machine: Machine, file: ToyFile, id: number, bad: Bad): Steps<Errno> {
  const toyVm = file.vms.get(id);
  if (toyVm === undefined) return -ENOENT;
  file.vms.delete(id);
  const { dev } = machine;
  yield* lock(dev, toyVm.lock, "toy_vm_destroy");
  toyVm.dead = true;
  for (let va = gpuvmFirstVa(toyVm.vm); va !== 0; va = gpuvmFirstVa(toyVm.vm)) yield* unmap(toyVm, va, bad);
  unlock(dev, toyVm.lock);
  if (!bad("no-drain")) yield* gpuvmBoDeferredCleanup(toyVm.vm);
  toyVm.vm.put("creator");
  return 0;
}

function* bind(machine: Machine, file: ToyFile, request: RequestOf<"vm_bind">, bad: Bad): Steps<Errno> {
  const { dev } = machine;
  const toyVm = file.vms.get(request.vm ?? 0);
  if (toyVm === undefined) return -ENOENT;
  if (bad("late-get")) yield* preempt(dev, "preempt", "toy_vm_get");
  toyVm.vm.get("bind");
  let ret: Errno = 0;
  for (const op of request.ops) {
    if (op.kind === "map") ret = yield* map(file, toyVm, op.bo, op.va, op.length, bad);
    else {
      const safe = !bad("no-lock");
      if (safe) yield* lock(dev, toyVm.lock, "toy_unmap");
      const va = gpuvaFind(toyVm.vm, op.va, op.length);
      ret = va === 0 ? -ENOENT : 0;
      if (!safe) yield* preempt(dev, "preempt", "toy_unmap");
      if (va !== 0) yield* unmap(toyVm, va, bad);
      if (safe) unlock(dev, toyVm.lock);
    }
    if (ret !== 0) break;
  }
  yield* gpuvmBoDeferredCleanup(toyVm.vm);
  toyVm.vm.put("bind");
  return ret;
}

function* map(
  file: ToyFile,
  toyVm: ToyVm,
  handle: number,
  addr: number,
  length: number,
  bad: Bad,
): Steps<Errno> {
  const { vm } = toyVm;
  const { dev } = vm;
  const bo = file.lookup(handle, "bind");
  if (bo === null) return -ENOENT;
  if (dev.stopsFor("alloc", "toy_map_alloc")) yield dev.point;
  const vmBo = gpuvmBoCreate(vm, bo, "bind");
  if (vmBo === null) {
    if (!bad("dropped-put")) bo.put("bind");
    return -ENOMEM;
  }
  const obtained = yield* gpuvmBoObtainPrealloc(vmBo, "bind");
  yield* lock(dev, toyVm.lock, "toy_map");
  const va = gpuvaAlloc(vm);
  gpuvaInit(vm, va, addr, length, bo, 0);
  const ret = toyVm.dead ? -ENOENT : gpuvaInsert(vm, va);
  if (ret === 0) {
    toyVm.pt.map(addr, length, bo, 0);
    yield* lock(dev, bo.gpuvaLock, "toy_link");
    gpuvaLink(vm, va, obtained);
    unlock(dev, bo.gpuvaLock);
  } else gpuvaFree(vm, va);
  unlock(dev, toyVm.lock);
  yield* gpuvmBoPutDeferred(obtained, "bind");
  bo.put("bind");
  return ret;
}

function* unmap(toyVm: ToyVm, va: Gpuva, bad: Bad): Steps<void> {
  const { vm, pt } = toyVm;
  const bo = gpuvaObj(vm, va);
  const start = vm.vas.addr(va);
  const length = vm.vas.range(va);
  if (!bad("early-free")) pt.unmap(start, length);
  gpuvaRemove(vm, va);
  if (bo !== null) yield* gpuvaUnlinkDefer(vm, va);
  gpuvaFree(vm, va);
  if (!bad("early-free")) return;
  yield* gpuvmBoDeferredCleanup(vm);
  yield* preempt(vm.dev, "preempt", "toy_unmap_pages");
  pt.unmap(start, length);
}
