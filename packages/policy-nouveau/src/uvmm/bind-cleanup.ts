import { DRM_GPUVA_OP_MAP, gpuvaOpOldVa, gpuvaOpsFree, gpuvmBoPut, type Steps } from "@gpuvm/core";
import { unlock } from "@gpuvm/drm-model";
import type { BindJob, BindJobOp } from "./bind-job.ts";
import { holeOf, passes } from "./bind-prepare.ts";
import type { Uvmm } from "./uvmm.ts";

/**
 * Gives back what a job held, run or failed (`nouveau_uvmm_bind_job_cleanup`). After a failure `ops` and `region` are
 * null; the lookups' references are put in any case.
 */
export function* cleanUpBindJob(uvmm: Uvmm, job: BindJob): Steps<void> {
  const { dev } = uvmm.vm;
  for (const bop of job.ops) {
    if (bop.ops !== null) freeOld(uvmm, bop);
    const { region, bo, vmBo } = bop;
    if (bop.kind === "unmap_sparse" && region !== null) {
      uvmm.mmu.sparse(region.addr, region.range, false);
      if (dev.stopsAt(uvmm.mutex, "nouveau_uvmm_bind_job_cleanup")) yield dev.point;
      uvmm.mutex.acquire(dev.current);
      uvmm.regions.remove(region);
      unlock(dev, uvmm.mutex);
      region.gone = true;
    }
    if (bo !== null) {
      if (vmBo !== null) {
        if (dev.stopsAt(bo.resv, "nouveau_uvmm_bind_job_cleanup")) yield dev.point;
        bo.resv.acquire(dev.current);
        gpuvmBoPut(vmBo, job);
        unlock(dev, bo.resv);
      }
      bo.put(job);
    }
  }
  job.complete = true;
}

/** `nouveau_uvmm_sm_cleanup`: what went out of the tree gives up its page tables and its object. */
function freeOld(uvmm: Uvmm, bop: BindJobOp): void {
  const { ops } = bop;
  if (ops === null) return;
  for (let i = 0; i < ops.length; i++) {
    const op = ops.at(i);
    if (op.op === DRM_GPUVA_OP_MAP) continue;
    const va = gpuvaOpOldVa(op);
    // What a new mapping covers keeps its references: they are the new one's.
    if (bop.kind !== "map" || !passes(uvmm, bop, va)) {
      const { addr, range } = holeOf(uvmm, op);
      uvmm.mmu.put(addr, range, uvmm.shiftOf(va));
    }
    uvmm.freeVa(va);
  }
  gpuvaOpsFree(uvmm.vm, ops);
  bop.ops = null;
}
