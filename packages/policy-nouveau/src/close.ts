import {
  type DrmGemObject,
  gpuvaObj,
  gpuvaRemove,
  gpuvaUnlink,
  gpuvmFirstVa,
  gpuvmNextVa,
  type Steps,
} from "@gpuvm/core";
import { lock, releaseSyncobjs, unlock } from "@gpuvm/drm-model";
import { destroyChannel } from "./channel/abi16.ts";
import type { NouveauCli } from "./cli.ts";
import type { NvDevice } from "./device.ts";
import type { NouveauBo } from "./gem/bo.ts";
import type { Uvmm } from "./uvmm/uvmm.ts";
import { vmaDel, vmaDetach, vmaFind } from "./vmm/vma.ts";

/**
 * A handle closes (`nouveau_gem_object_close`). In a VM that the program manages nothing happens. Otherwise the mapping
 * has one user less; without any it is taken off the object, and unmapped when the last work that named it is done.
 */
export function* closeHandle(nv: NvDevice, cli: NouveauCli, bo: NouveauBo): Steps<void> {
  if (cli.uvmm !== null) return;
  const { dev } = nv;
  if (dev.stopsAt(bo.resv, "nouveau_gem_object_close")) yield dev.point;
  bo.resv.acquire(dev.current);
  const vma = vmaFind(bo, cli.vmm);
  if (vma !== undefined && --vma.refs === 0) {
    vmaDetach(vma);
    // nouveau_gem_object_unmap: a worker, even if the work is done by now; and nobody else if there never was any.
    if (vma.fence === null) yield* vmaDel(nv, vma);
    else cli.workQueue(vma.fence, () => vmaDel(nv, vma));
  }
  bo.used();
  unlock(dev, bo.resv);
}

/** The file closes (`drm_gem_release`, then `nouveau_drm_postclose`). */
export function* closeFile(nv: NvDevice, cli: NouveauCli): Steps<void> {
  const { dev } = nv;
  cli.ownVmm.mmu.closing = true;
  releaseSyncobjs(cli);
  yield* cli.closeAll(cli.uvmm === null ? (bo) => closeHandle(nv, cli, bo) : null);
  for (const handle of [...cli.exported.keys()]) cli.closeExport(handle);
  // nouveau_abi16_fini
  yield* lock(dev, cli.mutex, "nouveau_drm_postclose");
  for (const [id, channel] of [...cli.channels]) {
    yield* destroyChannel(nv, cli, channel);
    cli.channels.delete(id);
  }
  unlock(dev, cli.mutex);
  // nouveau_cli_fini
  if (dev.waitsUntil(() => cli.works === 0, "flush_work(&cli->work)")) yield dev.point;
  yield* cli.sched.fini();
  if (cli.uvmm !== null) yield* finiUvmm(cli, cli.uvmm);
  cli.uvmm = null;
  cli.ownVmm.fini();
}

/** `nouveau_uvmm_fini`: every mapping, every region, then the VM. No job can run any more. */
function* finiUvmm(cli: NouveauCli, uvmm: Uvmm): Steps<void> {
  const { vm, mmu, record, regions } = uvmm;
  const { dev } = vm;
  if (dev.stopsAt(uvmm.mutex, "nouveau_uvmm_fini")) yield dev.point;
  uvmm.mutex.acquire(dev.current);
  mmu.closing = true;
  for (let va = gpuvmFirstVa(vm); va !== 0; ) {
    const next = gpuvmNextVa(vm, va);
    if (va !== vm.kernelNode) {
      const obj = gpuvaObj(vm, va) as DrmGemObject;
      record.torn(vm.vas.range(va));
      gpuvaRemove(vm, va);
      if (dev.stopsAt(obj.resv, "nouveau_uvmm_fini")) yield dev.point;
      obj.resv.acquire(dev.current);
      gpuvaUnlink(vm, va);
      unlock(dev, obj.resv);
      uvmm.unmapVa(va);
      mmu.put(vm.vas.addr(va), vm.vas.range(va), uvmm.shiftOf(va));
      uvmm.freeVa(va);
    }
    va = next;
  }
  for (const region of [...regions.all()]) {
    regions.remove(region);
    mmu.sparse(region.addr, region.range, false);
  }
  if (mmu.referenced) {
    uvmm.nv.machine.hazard("leak", vm.name, "page-table references are left when the VM goes");
  }
  unlock(dev, uvmm.mutex);
  if (dev.stopsAt(cli.mutex, "nouveau_uvmm_fini")) yield dev.point;
  cli.mutex.acquire(dev.current);
  uvmm.kernel.fini();
  vm.put(cli);
  unlock(dev, cli.mutex);
}
