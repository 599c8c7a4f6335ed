import { DRM_GPUVA_OP_MAP, DRM_GPUVA_OP_REMAP, type Errno, type Gpuva, type Steps } from "@gpuvm/core";
import type { BindJob, BindJobOp } from "./bind-job.ts";
import { holeOf } from "./bind-prepare.ts";
import type { NouveauBo } from "./bo.ts";
import type { Uvmm } from "./uvmm.ts";

/** Writes and clears the entries of a job (`nouveau_uvmm_bind_job_run`), in the fence-signalling path. */
export function* runBindJob(uvmm: Uvmm, job: BindJob): Steps<Errno> {
  const { dev } = uvmm.vm;
  for (const bop of job.ops) {
    if (dev.stopsFor("preempt", "nouveau_uvmm_bind_job_run")) yield dev.point;
    if (bop.kind !== "map_sparse") runOp(uvmm, bop);
  }
  return 0;
}

/** `nouveau_uvmm_sm`. */
function runOp(uvmm: Uvmm, bop: BindJobOp): void {
  const { ops } = bop;
  if (ops === null) return;
  for (const op of ops) {
    if (op.op === DRM_GPUVA_OP_MAP) map(uvmm, bop);
    else if (op.op === DRM_GPUVA_OP_REMAP) {
      const { va } = op.remap.unmap;
      const { addr, range } = holeOf(uvmm, op);
      const { vas } = uvmm.vm;
      // N1: the length of the whole mapping, from behind its first piece on.
      const wrong = uvmm.nv.defects.has("N1") && op.remap.next === null ? vas.range(va) : range;
      if (!uvmm.invalidated(va)) uvmm.unmapRange(addr, wrong, uvmm.regionOf(va) !== null);
    } else if (!op.unmap.keep) uvmm.unmapVa(op.unmap.va);
    else keep(uvmm, op.unmap.va);
  }
}

/** `op_map`: nothing where an eviction came between, which the fence does not let happen. */
function map(uvmm: Uvmm, bop: BindJobOp): void {
  const bo = bop.bo as NouveauBo;
  if (uvmm.invalidated(bop.map)) return;
  if (!bo.reachableByGpu) {
    uvmm.nv.machine.hazard(
      "use-after-free",
      bo.name,
      `a bind job takes the resource of ${bo.name}, which lies in system memory, for one of the driver's`,
    );
    return;
  }
  uvmm.mapVa(bop.map);
}

/**
 * The entries of the old mapping lead where those of the new one will, and are written over without a time at which the
 * GPU finds nothing.
 */
function keep(uvmm: Uvmm, va: Gpuva): void {
  if (uvmm.invalidated(va)) return;
  const { vas } = uvmm.vm;
  // What the TLB has is as good as what will be there.
  uvmm.pt.unmap(vas.addr(va), vas.range(va), "later");
}
