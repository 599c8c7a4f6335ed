import type { Errno } from "./errno.ts";
import { gpuvmValidate, walkList } from "./evict.ts";
import { DrmExec, MUST_STOP } from "./exec.ts";
import type { DmaFence } from "./fence.ts";
import { gpuvaFindFirst, gpuvmNextVa } from "./find.ts";
import type { DrmGemObject } from "./gem.ts";
import { gpuvaExact, gpuvaObj } from "./gpuva.ts";
import type { DrmGpuvm } from "./gpuvm.ts";
import { GpuvaOpSlot } from "./op.ts";
import { type GpuvmMapReq, gpuvaOpOldVa, gpuvmSmMapBegin, gpuvmSmUnmapBegin } from "./sm.ts";
import type { SmWalk } from "./sm-walk.ts";
import type { Steps } from "./steps.ts";
import { toBig, type U64 } from "./u64.ts";

/** Locks, and reserves `n` slots if that is not 0 (GPUVM's own wrapper: 0 means lock only). */
function* prepare(exec: DrmExec, obj: DrmGemObject, n: number): Steps<Errno> {
  return n === 0 ? yield* exec.lockObj(obj) : yield* exec.prepareObj(obj, n);
}

/** Locks the VM's dma_resv (`drm_gpuvm_prepare_vm`). `n` fence slots, 0: none. */
export function* gpuvmPrepareVm(vm: DrmGpuvm, exec: DrmExec, n: number): Steps<Errno> {
  return yield* prepare(exec, vm.rObj, n);
}

/**
 * Locks the objects of the VM's external vm_bos, in list order (`drm_gpuvm_prepare_objects`). With RESV_PROTECTED the
 * VM's dma_resv must be held, and evicted objects get onto the VM's evict list here.
 */
export function* gpuvmPrepareObjects(vm: DrmGpuvm, exec: DrmExec, n: number): Steps<Errno> {
  if (vm.boOwnership === "soft" && vm.softGuards)
    vm.dev.warn("drm_gpuvm_prepare_objects on a VM with soft references");
  if (!vm.resvProtected) return yield* walkList(vm, "extobj", (vmBo) => prepare(exec, vmBo.obj, n));
  if (vm.dev.lockdep !== null)
    vm.dev.lockdep.assertHeld(vm.dev.current, vm.resv, "drm_gpuvm_prepare_objects");
  for (let node = vm.extobj.list.head; node !== null; node = node.next) {
    const vmBo = node.owner;
    if (vmBo.refs === 0) continue;
    let ret = exec.prepareNow(vmBo.obj, n);
    if (ret === MUST_STOP) ret = yield* prepare(exec, vmBo.obj, n);
    if (ret !== 0) return ret;
    if (vmBo.evicted && vmBo.onEvict.list === null) vm.evict.list.push(vmBo.onEvict);
  }
  return 0;
}

/** Locks the object of each VA that overlaps, ascending (`drm_gpuvm_prepare_range`). Wants DRM_EXEC_IGNORE_DUPLICATES. */
export function* gpuvmPrepareRange(
  vm: DrmGpuvm,
  exec: DrmExec,
  addr: U64,
  range: U64,
  n: number,
): Steps<Errno> {
  const end = BigInt.asUintN(64, toBig(addr) + toBig(range));
  for (
    let va = gpuvaFindFirst(vm, addr, range);
    va !== 0 && gpuvaExact(vm, va).addr < end;
    va = gpuvmNextVa(vm, va)
  ) {
    const obj = gpuvaObj(vm, va);
    if (obj === null) continue;
    const ret = yield* prepare(exec, obj, n);
    if (ret !== 0) return ret;
  }
  return 0;
}

/** Everything a submit locks (`struct drm_gpuvm_exec`). */
export class GpuvmExec {
  /** The VM. */
  readonly vm: DrmGpuvm;
  /** `DRM_EXEC_*`. */
  readonly flags: number;
  /** Fence slots for each object; 0: none. */
  readonly numFences: number;
  /** Locks what else the driver wants, in each round; may be set by the caller (`extra.fn`). */
  extra: ((exec: DrmExec, of: GpuvmExec) => Steps<Errno>) | null = null;
  /** What that has to know (`extra.priv`). */
  priv: unknown = null;
  /** The locks; null outside of lock and unlock. */
  exec: DrmExec | null = null;

  /** Nothing is locked yet. */
  constructor(vm: DrmGpuvm, flags: number, numFences: number) {
    this.vm = vm;
    this.flags = flags;
    this.numFences = numFences;
  }

  /** Locks the VM, its external objects, and what `extra` asks for (`drm_gpuvm_exec_lock`). On an error nothing is locked. */
  *lock(): Steps<Errno> {
    const { vm, numFences } = this;
    const exec = this.#init();
    while (exec.untilAllLocked()) {
      let ret = yield* gpuvmPrepareVm(vm, exec, numFences);
      if (exec.contended !== null) continue;
      if (ret === 0) {
        ret = yield* gpuvmPrepareObjects(vm, exec, numFences);
        if (exec.contended !== null) continue;
      }
      if (ret === 0 && this.extra !== null) {
        ret = yield* this.extra(exec, this);
        if (exec.contended !== null) continue;
      }
      if (ret !== 0) return this.#fail(ret);
    }
    return 0;
  }

  /** As {@link GpuvmExec.lock}, with an array of objects; overwrites `extra` (`drm_gpuvm_exec_lock_array`). */
  *lockArray(objs: readonly DrmGemObject[]): Steps<Errno> {
    this.extra = (exec) => exec.prepareArray(objs, this.numFences);
    return yield* this.lock();
  }

  /** Locks the objects mapped in a range, and not the VM (`drm_gpuvm_exec_lock_range`). */
  *lockRange(addr: U64, range: U64): Steps<Errno> {
    const exec = this.#init();
    while (exec.untilAllLocked()) {
      const ret = yield* gpuvmPrepareRange(this.vm, exec, addr, range, this.numFences);
      if (exec.contended !== null) continue;
      if (ret !== 0) return this.#fail(ret);
    }
    return 0;
  }

  /** Validates the VM's evicted objects (`drm_gpuvm_exec_validate`). */
  *validate(): Steps<Errno> {
    return yield* gpuvmValidate(this.vm, this.exec as DrmExec);
  }

  /** Adds a fence to every locked object (`drm_gpuvm_exec_resv_add_fence`). */
  addFence(fence: DmaFence, privateUsage: number, extobjUsage: number): void {
    gpuvmResvAddFence(this.vm, this.exec as DrmExec, fence, privateUsage, extobjUsage);
  }

  /** Unlocks everything (`drm_gpuvm_exec_unlock`). */
  unlock(): void {
    this.exec?.fini();
    this.exec = null;
  }

  #init(): DrmExec {
    const exec = new DrmExec(this.vm.dev, this.flags);
    this.exec = exec;
    return exec;
  }

  #fail(ret: Errno): Errno {
    this.unlock();
    return ret;
  }
}

/** Adds a fence to every object of `exec`, with a usage for private and one for external ones (`drm_gpuvm_resv_add_fence`). */
export function gpuvmResvAddFence(
  vm: DrmGpuvm,
  exec: DrmExec,
  fence: DmaFence,
  privateUsage: number,
  extobjUsage: number,
): void {
  const { lockdep, current } = vm.dev;
  for (const obj of exec.objects) {
    if (lockdep !== null) lockdep.assertHeld(current, obj.resv, "drm_gpuvm_resv_add_fence");
    obj.resv.addFence(fence, vm.isExtobj(obj) ? extobjUsage : privateUsage);
  }
}

/**
 * Locks what a map request will touch: its object, with `n` slots (at least one), then the object of each VA it cuts
 * or takes away (`drm_gpuvm_sm_map_exec_lock`, 6.17). A dry run: the tree stays. The object is locked before the
 * range is checked. Wants DRM_EXEC_IGNORE_DUPLICATES.
 */
export function* gpuvmSmMapExecLock(vm: DrmGpuvm, exec: DrmExec, n: number, req: GpuvmMapReq): Steps<Errno> {
  if (req.obj !== null) {
    const ret = yield* exec.prepareObj(req.obj, n);
    if (ret !== 0) return ret;
  }
  return yield* lockOld(vm, exec, gpuvmSmMapBegin(vm, req));
}

/** As {@link gpuvmSmMapExecLock}, for an unmap request (`drm_gpuvm_sm_unmap_exec_lock`). */
export function* gpuvmSmUnmapExecLock(vm: DrmGpuvm, exec: DrmExec, addr: U64, range: U64): Steps<Errno> {
  return yield* lockOld(vm, exec, gpuvmSmUnmapBegin(vm, addr, range));
}

function* lockOld(vm: DrmGpuvm, exec: DrmExec, walk: SmWalk | Errno): Steps<Errno> {
  if (typeof walk === "number") return walk;
  const op = new GpuvaOpSlot();
  while (walk.next(op)) {
    const va = gpuvaOpOldVa(op);
    const obj = va === 0 ? null : gpuvaObj(vm, va);
    if (obj === null) continue;
    const ret = yield* exec.lockObj(obj);
    if (ret !== 0) return ret;
  }
  return 0;
}
