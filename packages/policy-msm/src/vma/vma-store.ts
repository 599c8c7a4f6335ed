import {
  ENOMEM,
  type Errno,
  type Gpuva,
  gemVmBos,
  gpuvaFree,
  gpuvaInit,
  gpuvaInsert,
  gpuvaLink,
  gpuvaRemove,
  gpuvaUnlink,
  gpuvmBoExtobjAdd,
  gpuvmBoFind,
  gpuvmBoForEachVa,
  gpuvmBoGet,
  gpuvmBoObtain,
  gpuvmBoPut,
} from "@gpuvm/core";
import type { MsmBo } from "../gem/bo.ts";
import type { MsmGemVm, MsmVmBo } from "./vm.ts";

/** How VMAs and BOs lead to each other: what the conversion to GPUVM (111fdd2198e6) changed. */
export interface VmaStore {
  /** The VMA of an object in a VM, or 0 (`lookup_vma`). */
  find(bo: MsmBo, vm: MsmGemVm): Gpuva;
  /** As {@link VmaStore.find}, for a look from outside: no lock, no reference. */
  peek(bo: MsmBo, vm: MsmGemVm): Gpuva;
  /** Puts a new row at an address into the VM and ties it to its object; 0 or -errno, and then nothing is left. */
  insert(bo: MsmBo, vm: MsmGemVm, va: Gpuva, addr: number): Errno;
  /** Takes a VMA out of the VM, unlinks it from its object, and frees it. May put the VM's last reference. */
  remove(bo: MsmBo | null, vm: MsmGemVm, va: Gpuva): void;
  /** Calls `fn` for each VMA of an object, in one VM or (null) in all; `fn` may remove it. */
  each(bo: MsmBo, vm: MsmGemVm | null, fn: (vm: MsmGemVm, va: Gpuva) => void): void;
  /** The VMs that an object is mapped in. */
  vms(bo: MsmBo): MsmGemVm[];
}

/** Before: the BO has the list of its VMAs, a VMA holds its VM, and a VM knows taken addresses only. */
export const ownedByBo: VmaStore = {
  find(bo, vm) {
    return this.peek(bo, vm);
  },
  peek: (bo, vm) => bo.owned.find((vma) => vma.vm === vm)?.va ?? 0,
  insert(bo, vm, va, addr) {
    // The model's tree stands for the drm_mm: a node without object, so no way from the VM to the BO.
    gpuvaInit(vm, va, addr, bo.size, null, 0);
    const ret = gpuvaInsert(vm, va);
    if (ret === 0) bo.owned.push({ vm, va });
    return ret;
  },
  remove(bo, vm, va) {
    if (bo !== null) {
      const at = bo.owned.findIndex((vma) => vma.vm === vm && vma.va === va);
      bo.owned.splice(at, 1);
    }
    gpuvaRemove(vm, va);
    gpuvaFree(vm, va);
  },
  each(bo, vm, fn) {
    for (const vma of bo.owned.slice()) if (vm === null || vma.vm === vm) fn(vma.vm, vma.va);
  },
  vms: (bo) => bo.owned.map((vma) => vma.vm),
};

const IOCTL = "ioctl";

/** Since the conversion: `vma ==> vm_bo ==> VM`, and `vm_bo` to the BO as the VM's ownership says. */
export const linkedByVmBo: VmaStore = {
  find(bo, vm) {
    const { lockdep, current } = vm.dev;
    // `msm_gem_assert_locked`: nobody else can come by an object that is being freed.
    if (lockdep !== null && bo.refs > 0) lockdep.assertHeld(current, bo.resv, "lookup_vma");
    return this.peek(bo, vm);
  },
  peek(bo, vm) {
    for (let node = gemVmBos(bo).head; node !== null; node = node.next)
      if (node.owner.vm === vm) return node.owner.vaHead;
    return 0;
  },
  insert(bo, vm, va, addr) {
    gpuvaInit(vm, va, addr, bo.size, bo, 0);
    const ret = gpuvaInsert(vm, va);
    if (ret !== 0) return ret;
    const vmBo = gpuvmBoObtain(vm, bo, IOCTL);
    if (vmBo === null) {
      gpuvaRemove(vm, va);
      return -ENOMEM;
    }
    gpuvmBoExtobjAdd(vmBo);
    gpuvaLink(vm, va, vmBo);
    gpuvmBoPut(vmBo, IOCTL);
    return 0;
  },
  remove(_bo, vm, va) {
    gpuvaRemove(vm, va);
    gpuvaUnlink(vm, va);
    gpuvaFree(vm, va);
  },
  each(bo, vm, fn) {
    for (const vmBo of gemVmBos(bo).toArray()) {
      if (vm !== null && vmBo.vm !== vm) continue;
      gpuvmBoGet(vmBo, IOCTL);
      gpuvmBoForEachVa(vmBo, (va) => fn(vmBo.vm as MsmGemVm, va));
      gpuvmBoPut(vmBo, IOCTL);
    }
  },
  vms: (bo) =>
    gemVmBos(bo)
      .toArray()
      .map((vmBo) => vmBo.vm as MsmGemVm),
};

/** The link of a VM and an object, without a reference, or null. Needs the object's lock. */
export function vmBoOf(bo: MsmBo, vm: MsmGemVm): MsmVmBo | null {
  const vmBo = gpuvmBoFind(vm, bo, IOCTL);
  gpuvmBoPut(vmBo, IOCTL);
  return vmBo as MsmVmBo | null;
}
