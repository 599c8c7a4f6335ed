import {
  type DmaFence,
  ENOMEM,
  ENOSPC,
  type Errno,
  type Gpuva,
  gpuvaAlloc,
  gpuvaFree,
  gpuvaInit,
  gpuvaInsert,
  gpuvaLink,
  gpuvaRemove,
  gpuvaUnlink,
  gpuvmBoObtain,
  gpuvmBoPut,
  type Steps,
} from "@gpuvm/core";
import { unlock } from "@gpuvm/drm-model";
import type { NouveauBo } from "./bo.ts";
import type { NvDevice } from "./device.ts";
import type { NvVmm } from "./vmm.ts";

/**
 * The mapping of an object in a VMM where the kernel chooses addresses (`struct nouveau_vma`): one for each object and
 * client, counted by the client's handles. It counts no GEM object; while it maps, it holds the memory.
 */
export interface NvVma {
  readonly vmm: NvVmm;
  readonly bo: NouveauBo;
  readonly addr: number;
  /** How many handles, and kernel users, want it (`refs`). */
  refs: number;
  /** The last submit that named it (`fence`). */
  fence: DmaFence | null;
  /** In the page tables (`mem`). */
  mapped: boolean;
  /** Row of the tree; 0 where there is none. */
  readonly va: Gpuva;
}

/** Maps an object, or counts one more user of its mapping (`nouveau_vma_new`). The object is reserved. */
export function* vmaNew(nv: NvDevice, bo: NouveauBo, vmm: NvVmm): Steps<Errno> {
  const { dev, machine } = nv;
  const known = bo.vmas.get(vmm);
  if (known !== undefined) {
    known.refs++;
    return 0;
  }
  if (!dev.mayAlloc("nouveau_vma")) return -ENOMEM;
  if (dev.stopsAt(vmm.lock, "nvif_vmm_get")) yield dev.point;
  vmm.lock.acquire(dev.current);
  const addr = vmm.space.alloc(bo.size, 2 ** bo.pageShift);
  unlock(dev, vmm.lock);
  if (addr === null) return -ENOSPC;
  let va: Gpuva = 0;
  if (vmm.tree !== null) {
    const { vm } = vmm.tree;
    const vmBo = gpuvmBoObtain(vm, bo, "ioctl");
    if (vmBo === null) {
      vmm.space.release(addr, bo.size);
      return -ENOMEM;
    }
    if (vmBo.vaCount === 0) machine.counts.vmBosCreated++;
    va = gpuvaAlloc(vm);
    machine.counts.vasCreated++;
    gpuvaInit(vm, va, addr, bo.size, bo, 0);
    gpuvaInsert(vm, va);
    gpuvaLink(vm, va, vmBo);
    gpuvmBoPut(vmBo, "ioctl");
    vmm.tree.mapped(bo.size);
    vmm.tree.applied();
  }
  const vma: NvVma = { vmm, bo, addr, refs: 1, fence: null, mapped: false, va };
  bo.vmas.set(vmm, vma);
  if (bo.reachableByGpu) vmaMap(vma);
  return 0;
}

/** Writes the entries (`nouveau_vma_map`). */
export function vmaMap(vma: NvVma): void {
  if (vma.mapped) return;
  vma.mapped = true;
  vma.bo.holdMemory();
  vma.vmm.pt.map(vma.addr, vma.bo.size, vma.bo, 0, 2 ** vma.bo.pageShift);
}

/** Clears them (`nouveau_vma_unmap`). */
export function vmaUnmap(vma: NvVma): void {
  if (!vma.mapped) return;
  vma.mapped = false;
  vma.vmm.pt.unmap(vma.addr, vma.bo.size);
  vma.vmm.pt.flush("unmap");
  vma.bo.dropMemory();
}

/** Takes it off the object's list: nothing finds it any more (`list_del_init(&vma->head)`). The object is reserved. */
export function vmaDetach(vma: NvVma): void {
  const { bo, vmm, va } = vma;
  bo.vmas.delete(vmm);
  if (vmm.tree === null) return;
  const { vm } = vmm.tree;
  gpuvaUnlink(vm, va);
  // From here on it knows the memory only.
  vm.vas.setOwner(va, 0);
}

/** The end of a detached mapping (`nouveau_vma_del`). */
export function* vmaDel(nv: NvDevice, vma: NvVma): Steps<void> {
  const { dev } = nv;
  const { vmm, va, addr } = vma;
  const { size } = vma.bo;
  if (dev.stopsAt(vmm.lock, "nvif_vmm_put")) yield dev.point;
  vmm.lock.acquire(dev.current);
  vmaUnmap(vma);
  if (vmm.tree !== null) {
    gpuvaRemove(vmm.tree.vm, va);
    gpuvaFree(vmm.tree.vm, va);
    vmm.tree.torn(size);
  }
  vmm.space.release(addr, size);
  unlock(dev, vmm.lock);
}
