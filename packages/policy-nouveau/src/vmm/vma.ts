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
import type { NvDevice } from "../device.ts";
import type { KernelMapping, NouveauBo } from "../gem/bo.ts";
import { mappable } from "../ttm/resource.ts";
import type { NvVmm } from "./vmm.ts";

/**
 * The mapping of an object in a VMM where the kernel chooses addresses (`struct nouveau_vma`): one for each object and
 * client, counted by the client's handles. It counts no GEM object; while it maps, it holds the memory.
 */
export class NvVma implements KernelMapping {
  readonly vmm: NvVmm;
  readonly bo: NouveauBo;
  readonly addr: number;
  /** How many handles, and kernel users, want it (`refs`). */
  refs = 1;
  /** The last submit that named it (`fence`). */
  fence: DmaFence | null = null;
  /** In the page tables (`mem`). */
  mapped = false;
  /** It has references on its page tables, and keeps them to its end (`refd`). */
  referenced: boolean;
  /** Row of the tree; 0 where there is none. */
  readonly va: Gpuva;

  /** Not mapped yet. */
  constructor(vmm: NvVmm, bo: NouveauBo, addr: number, referenced: boolean, va: Gpuva) {
    this.vmm = vmm;
    this.bo = bo;
    this.addr = addr;
    this.referenced = referenced;
    this.va = va;
  }

  /** Writes the entries, again if they are there (`nouveau_vma_map`, `nvkm_vmm_map_locked`). */
  map(): Errno {
    const { bo, addr, vmm } = this;
    const to = { bo, offset: 0 };
    if (this.referenced) vmm.mmu.map(addr, bo.size, bo.pageShift, to);
    else {
      const ret = vmm.mmu.getMap(addr, bo.size, bo.pageShift, to);
      if (ret !== 0) return ret;
    }
    this.referenced = true;
    if (!this.mapped) bo.holdMemory();
    this.mapped = true;
    return 0;
  }

  /** Clears them; the tables stay (`nouveau_vma_unmap`, `nvkm_vmm_unmap_locked`). */
  unmap(): void {
    if (!this.mapped) return;
    const { bo, addr, vmm } = this;
    this.mapped = false;
    vmm.mmu.unmap(addr, bo.size, bo.pageShift, false);
    bo.dropMemory();
  }
}

/** An object's mapping in a VMM (`nouveau_vma_find`). */
export function vmaFind(bo: NouveauBo, vmm: NvVmm): NvVma | undefined {
  for (const vma of bo.vmas) if (vma.vmm === vmm) return vma as NvVma;
  return undefined;
}

/** Maps an object, or counts one more user of its mapping (`nouveau_vma_new`). The object is reserved. */
export function* vmaNew(nv: NvDevice, bo: NouveauBo, vmm: NvVmm): Steps<Errno> {
  const { dev } = nv;
  const known = vmaFind(bo, vmm);
  if (known !== undefined) {
    known.refs++;
    return 0;
  }
  if (!dev.mayAlloc("nouveau_vma")) return -ENOMEM;
  if (dev.stopsAt(vmm.lock, "nvif_vmm_get")) yield dev.point;
  vmm.lock.acquire(dev.current);
  const addr = vmm.space.get(bo.size, 2 ** bo.pageShift);
  // Out of the GPU's reach it has its page tables at once (PTES), else with its entries (LAZY).
  const now = bo.resource !== null && mappable(bo.resource);
  let ret = addr === null ? -ENOSPC : now ? 0 : vmm.mmu.get(addr, bo.size, bo.pageShift);
  if (ret === -ENOMEM && addr !== null) vmm.space.put(addr, bo.size);
  unlock(dev, vmm.lock);
  if (ret !== 0 || addr === null) return ret;
  const va = treeInsert(nv, bo, vmm, addr);
  if (va !== null) {
    const vma = new NvVma(vmm, bo, addr, !now, va);
    bo.vmas.push(vma);
    if (!now) return 0;
    ret = vma.map();
    if (ret === 0) return 0;
    vmaDetach(vma);
    yield* vmaDel(nv, vma);
    return ret;
  }
  if (!now) vmm.mmu.put(addr, bo.size, bo.pageShift);
  vmm.space.put(addr, bo.size);
  return -ENOMEM;
}

/** Notes a mapping in the tree, where there is one; 0: there is none; null: no memory. */
function treeInsert(nv: NvDevice, bo: NouveauBo, vmm: NvVmm, addr: number): Gpuva | null {
  const tree = vmm.ownTree();
  if (tree === null) return 0;
  const { vm } = tree;
  const vmBo = gpuvmBoObtain(vm, bo, "ioctl");
  if (vmBo === null) return null;
  if (vmBo.vaCount === 0) nv.machine.counts.vmBosCreated++;
  const va = gpuvaAlloc(vm);
  nv.machine.counts.vasCreated++;
  gpuvaInit(vm, va, addr, bo.size, bo, 0);
  gpuvaInsert(vm, va);
  gpuvaLink(vm, va, vmBo);
  gpuvmBoPut(vmBo, "ioctl");
  tree.mapped(bo.size);
  tree.applied();
  return va;
}

/** Takes it off the object's list: nothing finds it any more (`list_del_init(&vma->head)`). The object is reserved. */
export function vmaDetach(vma: NvVma): void {
  const { bo, vmm, va } = vma;
  const at = bo.vmas.indexOf(vma);
  if (at >= 0) bo.vmas.splice(at, 1);
  if (vmm.tree === null) return;
  const { vm } = vmm.tree;
  gpuvaUnlink(vm, va);
  // From here on it knows the memory only.
  vm.vas.setOwner(va, 0);
}

/** The end of a detached mapping, entries and tables in one walk (`nouveau_vma_del`, `nvkm_vmm_put_locked`). */
export function* vmaDel(nv: NvDevice, vma: NvVma): Steps<void> {
  const { dev } = nv;
  const { vmm, va, addr, bo } = vma;
  const { size } = bo;
  if (dev.stopsAt(vmm.lock, "nvif_vmm_put")) yield dev.point;
  vmm.lock.acquire(dev.current);
  if (vma.mapped) vmm.mmu.unmapPut(addr, size, bo.pageShift);
  else if (vma.referenced) vmm.mmu.put(addr, size, bo.pageShift);
  if (vmm.tree !== null) {
    gpuvaRemove(vmm.tree.vm, va);
    gpuvaFree(vmm.tree.vm, va);
    vmm.tree.torn(size);
  }
  vmm.space.put(addr, size);
  unlock(dev, vmm.lock);
  if (vma.mapped) bo.dropMemory();
  vma.mapped = false;
}
