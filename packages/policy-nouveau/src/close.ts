import {
  type DrmGemObject,
  gpuvaObj,
  gpuvaRemove,
  gpuvaUnlink,
  gpuvmFirstVa,
  gpuvmNextVa,
  type Steps,
} from "@gpuvm/core";
import { unlock } from "@gpuvm/drm-model";
import type { NouveauBo } from "./bo.ts";
import { destroyChannel } from "./channel.ts";
import type { NouveauCli } from "./cli.ts";
import type { NvDevice } from "./device.ts";
import type { Uvmm } from "./uvmm.ts";
import { type NvVma, vmaDel, vmaDetach } from "./vma.ts";

/**
 * A handle closes (`nouveau_gem_object_close`). In a VM that the program manages nothing happens. Otherwise the mapping
 * has one user less; without any it is taken off the object, and unmapped when the last work that named it is done.
 */
export function* closeHandle(nv: NvDevice, cli: NouveauCli, bo: NouveauBo): Steps<void> {
  if (cli.uvmm !== null) return;
  const { dev } = nv;
  if (dev.stopsAt(bo.resv, "nouveau_gem_object_close")) yield dev.point;
  bo.resv.acquire(dev.current);
  const vma = bo.vmas.get(cli.vmm);
  let now: NvVma | null = null;
  if (vma !== undefined && --vma.refs === 0) {
    vmaDetach(vma);
    // nouveau_gem_object_unmap
    if (vma.fence === null || vma.fence.signaled) now = vma;
    else cli.workQueue(vma.fence, () => vmaDel(nv, vma));
  }
  unlock(dev, bo.resv);
  if (now !== null) yield* vmaDel(nv, now);
}

/** The file closes (`drm_gem_release`, then `nouveau_drm_postclose`). */
export function* closeFile(nv: NvDevice, cli: NouveauCli): Steps<void> {
  const { dev } = nv;
  yield* cli.closeAll(cli.uvmm === null ? (bo) => closeHandle(nv, cli, bo) : null);
  for (const handle of [...cli.exported.keys()]) cli.closeExport(handle);
  // nouveau_abi16_fini
  for (const [id, channel] of [...cli.channels]) {
    yield* destroyChannel(nv, cli, channel);
    cli.channels.delete(id);
  }
  // nouveau_cli_fini
  if (dev.waitsUntil(() => cli.works === 0, "flush_work(&cli->work)")) yield dev.point;
  if (dev.waitsUntil(() => cli.jobs.size === 0, "nouveau_sched_fini")) yield dev.point;
  if (cli.uvmm !== null) yield* finiUvmm(cli, cli.uvmm);
  cli.uvmm = null;
  const own = cli.ownVmm;
  own?.tree?.vm.put("creator");
}

/** `nouveau_uvmm_fini`: every mapping, every region, then the VM. No job can run any more. */
function* finiUvmm(cli: NouveauCli, uvmm: Uvmm): Steps<void> {
  const { vm, record, regions } = uvmm;
  const { dev } = vm;
  if (dev.stopsAt(uvmm.mutex, "nouveau_uvmm_fini")) yield dev.point;
  uvmm.mutex.acquire(dev.current);
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
      uvmm.putTables(uvmm.shiftOf(va), vm.vas.addr(va), vm.vas.range(va));
      uvmm.freeVa(va);
    }
    va = next;
  }
  for (const region of [...regions.all()]) {
    regions.remove(region);
    uvmm.pt.unmap(region.addr, region.range);
  }
  if (!uvmm.ptRefs.empty) {
    uvmm.nv.machine.hazard("leak", vm.name, "page-table references are left when the VM goes");
  }
  unlock(dev, uvmm.mutex);
  if (dev.stopsAt(cli.mutex, "nouveau_uvmm_fini")) yield dev.point;
  cli.mutex.acquire(dev.current);
  vm.put("creator");
  unlock(dev, cli.mutex);
}
