import {
  type DmaFence,
  DrmExec,
  type DrmGemObject,
  ENOMEM,
  type Errno,
  type Gpuva,
  gpuvaAlloc,
  gpuvaFree,
  gpuvaInit,
  gpuvaInsert,
  gpuvaLink,
  gpuvaRemove,
  gpuvaUnlink,
  gpuvmBoExtobjAdd,
  gpuvmBoObtain,
  gpuvmBoPut,
  type Steps,
  vaName,
} from "@gpuvm/core";
import { preempt } from "@gpuvm/drm-model";
import type { XeBo } from "./bo.ts";
import { addPreemptFences } from "./preempt.ts";
import { recomputePurgeable } from "./purgeable.ts";
import type { XeVm } from "./vm.ts";

/** What a VMA maps: an object, null pages, or the program's own memory. */
export type VmaKind = "bo" | "null" | "userptr";

/** What a new piece inherits of the VMA that is cut (`vma->attr` and the create flags). */
export interface VmaAttributes {
  readonly kind: VmaKind;
  /** The contents are wanted. */
  readonly willneed: boolean;
  /** `DRM_XE_VM_BIND_FLAG_*`. */
  readonly flags: number;
}

/**
 * A mapping (`struct xe_vma`): a gpuva with a reference of its own. A VMA of an object holds the object; one without
 * holds the VM, which it has no vm_bo to do for it. Both until the fence of its unbind has signalled.
 */
export class XeVma {
  /** The VM. */
  readonly vm: XeVm;
  /** The gpuva. */
  readonly va: Gpuva;
  /** The object; counted. */
  readonly bo: XeBo | null;
  /** What it maps. */
  readonly kind: VmaKind;
  /** The contents are wanted (`attr.purgeable_state`). */
  willneed: boolean;
  /** `DRM_XE_VM_BIND_FLAG_*`. */
  readonly flags: number;
  /** Entries are there, or under way (`tile_present`). */
  present = false;
  /** Greatest entry, in bytes (`XE_VMA_PTE_*`); 0: not bound yet. */
  pteSize = 0;
  /** To be unbound, or unbound (`XE_VMA_DESTROYED`). */
  destroyed = false;

  /** Made by {@link vmaCreate}. */
  constructor(vm: XeVm, va: Gpuva, bo: XeBo | null, attributes: VmaAttributes) {
    this.vm = vm;
    this.va = va;
    this.bo = bo;
    this.kind = attributes.kind;
    this.willneed = attributes.willneed;
    this.flags = attributes.flags;
  }

  /** `va#7 of vm#2`. */
  get name(): string {
    return vaName(this.vm.gpuvm, this.va);
  }

  /** First address. */
  get start(): number {
    return this.vm.gpuvm.vas.addr(this.va);
  }

  /** Address after the last. */
  get end(): number {
    return this.vm.gpuvm.vas.end(this.va);
  }

  /** External: its object has a dma_resv of its own. */
  get contested(): boolean {
    return this.bo !== null && this.bo.vm === null;
  }

  /** Sets address and range, in place (for a VMA that is out of the tree). */
  setRange(start: number, range: number): void {
    const { vas } = this.vm.gpuvm;
    vas.set(this.va, start, range, vas.offset(this.va), vas.owner(this.va));
  }
}

/**
 * A new VMA, linked and holding what it holds, not yet in the tree (`xe_vma_create`). The dma_resvs of VM and object are
 * held.
 */
function vmaCreate(
  vm: XeVm,
  start: number,
  range: number,
  obj: DrmGemObject | null,
  offset: number,
  attributes: VmaAttributes,
): XeVma | null {
  const { gpuvm } = vm;
  const { dev } = gpuvm;
  if (!dev.mayAlloc("xe vma")) return null;
  const va = gpuvaAlloc(gpuvm);
  gpuvaInit(gpuvm, va, start, range, obj, offset);
  const bo = obj as XeBo | null;
  const vma = new XeVma(vm, va, bo, attributes);
  if (bo !== null) {
    const had = bo.gpuva.length;
    const vmBo = gpuvmBoObtain(gpuvm, bo, "ioctl");
    if (vmBo === null) {
      gpuvaFree(gpuvm, va);
      return null;
    }
    if (bo.gpuva.length > had) bo.machine.counts.vmBosCreated++;
    gpuvmBoExtobjAdd(vmBo);
    bo.get(vma);
    gpuvaLink(gpuvm, va, vmBo);
    gpuvmBoPut(vmBo, "ioctl");
    bo.vmas++;
    if (vma.willneed) bo.willneed++;
  } else {
    if (vma.kind === "userptr" && !dev.mayAlloc("mmu notifier")) {
      gpuvaFree(gpuvm, va);
      return null;
    }
    gpuvm.get(vma);
  }
  vm.vmas[va] = vma;
  vm.file.machine.counts.vasCreated++;
  return vma;
}

/**
 * A new VMA for an operation, with the locks it needs (`new_vma`).
 *
 * @returns the VMA, or -errno
 */
export function* newVma(
  vm: XeVm,
  start: number,
  range: number,
  obj: DrmGemObject | null,
  offset: number,
  attributes: VmaAttributes,
): Steps<XeVma | Errno> {
  const { dev } = vm.gpuvm;
  yield* preempt(dev, "alloc", "xe_vma_create");
  if (obj === null) return vmaCreate(vm, start, range, null, offset, attributes) ?? -ENOMEM;
  const exec = new DrmExec(dev);
  while (exec.untilAllLocked()) {
    if ((obj as XeBo).vm === null) {
      yield* exec.lockObj(vm.gpuvm.rObj);
      if (exec.contended !== null) continue;
    }
    yield* exec.lockObj(obj);
  }
  const vma = vmaCreate(vm, start, range, obj, offset, attributes);
  if (vma?.contested) addPreemptFences(vm, vma.bo as XeBo);
  exec.fini();
  return vma ?? -ENOMEM;
}

/** Puts a VMA into the tree (`xe_vm_insert_vma`). */
export function insertVma(vma: XeVma): Errno {
  return gpuvaInsert(vma.vm.gpuvm, vma.va);
}

/** Marks a VMA as going, and takes it out of the tree if it is in it (`prep_vma_destroy`). */
export function prepVmaDestroy(vma: XeVma, inTree: boolean): void {
  vma.destroyed = true;
  if (inTree) gpuvaRemove(vma.vm.gpuvm, vma.va);
}

/**
 * The end of a VMA that is out of the tree (`xe_vma_destroy`): unlinked now, so that its vm_bo may go; the VMA and what it
 * holds go in a worker when `fence`, of the unbind, has signalled. Without a fence: at once. The dma_resvs of VM and
 * object are held.
 */
export function vmaDestroy(vma: XeVma, fence: DmaFence | null): void {
  const { vm, bo } = vma;
  vm.rebindList.delete(vma);
  if (bo !== null) {
    gpuvaUnlink(vm.gpuvm, vma.va);
    bo.vmas--;
    if (vma.willneed) bo.willneed--;
    recomputePurgeable(bo);
  }
  if (fence === null || fence.signaled) vmaDestroyLate(vma);
  else fence.onSignal(() => vm.file.machine.queueWork("xe vma_destroy_work", () => destroyWork(vma)));
}

/** `vma_destroy_work_func`. */
function* destroyWork(vma: XeVma): Steps<void> {
  vmaDestroyLate(vma);
}

/** `xe_vma_destroy_late`. */
function vmaDestroyLate(vma: XeVma): void {
  const { vm, va, bo } = vma;
  // The VMA is freed last in the kernel, but its name is needed for the put and is gone with it here.
  if (bo !== null) bo.put(vma);
  else vm.gpuvm.put(vma);
  vm.vmas[va] = undefined;
  gpuvaFree(vm.gpuvm, va);
}

/** {@link vmaDestroy} at once, with the locks it needs (`xe_vma_destroy_unlocked`). */
export function* vmaDestroyUnlocked(vma: XeVma): Steps<void> {
  const exec = new DrmExec(vma.vm.gpuvm.dev);
  while (exec.untilAllLocked()) {
    yield* exec.lockObj(vma.vm.gpuvm.rObj);
    if (exec.contended !== null) continue;
    if (vma.contested) yield* exec.lockObj(vma.bo as XeBo);
  }
  vmaDestroy(vma, null);
  exec.fini();
}
