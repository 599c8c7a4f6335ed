import { DRM_GPUVA_OP_MAP, DRM_GPUVA_OP_REMAP, type Errno, type Steps } from "@gpuvm/core";
import type { NouveauBo } from "../gem/bo.ts";
import { holeToClear } from "../history/remap.ts";
import type { BindJob, BindJobOp } from "./bind-job.ts";
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
  for (let i = 0; i < ops.length; i++) {
    const op = ops.at(i);
    if (op.op === DRM_GPUVA_OP_MAP) map(uvmm, bop);
    else if (op.op === DRM_GPUVA_OP_REMAP) {
      const { va } = op.remap.unmap;
      const { addr, range } = holeToClear(uvmm, op.remap);
      if (!uvmm.invalidated(va)) {
        uvmm.unmapRange(addr, range, uvmm.shiftOf(va), uvmm.regionOf(va) !== null);
      }
    } else if (!op.unmap.keep) uvmm.unmapVa(op.unmap.va);
    // Kept: its entries lead where those of the new mapping will, and are written over.
  }
}

/** `op_map`: nothing where an eviction came between, which the fence does not let happen. */
function map(uvmm: Uvmm, bop: BindJobOp): void {
  const bo = bop.bo as NouveauBo;
  if (uvmm.invalidated(bop.map)) return;
  if (bo.lies === 0) {
    uvmm.nv.machine.hazard(
      "use-after-free",
      bo.name,
      `a bind job takes the resource of ${bo.name}, which lies in system memory, for one of the driver's`,
    );
    return;
  }
  uvmm.mapVa(bop.map);
}
