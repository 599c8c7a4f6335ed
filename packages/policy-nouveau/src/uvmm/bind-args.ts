import { EINVAL, type Errno, gpuvmRangeValid } from "@gpuvm/core";
import { type BindOp, isAligned } from "@gpuvm/drm-model";
import type { NouveauBo } from "../gem/bo.ts";
import { BIND_SPARSE } from "../gem/domains.ts";
import type { BindJobOp } from "./bind-job.ts";
import type { Uvmm } from "./uvmm.ts";

/** An operation of the uAPI as one of a job (`bind_job_op_from_uop`); a kind there is not, is refused when its turn comes. */
export function jobOp(op: BindOp): BindJobOp {
  const { va, length, boOffset, flags } = op;
  const sparse = (flags & BIND_SPARSE) !== 0;
  const known = op.kind === "map" || op.kind === "unmap";
  return {
    kind: !known ? "unknown" : sparse ? `${op.kind}_sparse` : op.kind,
    addr: va,
    range: length,
    handle: op.bo,
    offset: boOffset,
    pteKind: flags & 255,
    bo: null,
    vmBo: null,
    ops: null,
    region: null,
    shift: 0,
    map: 0,
    prev: 0,
    next: 0,
  };
}

/** `bind_validate_op`: whole pages, within the object, within the program's part of the VM. */
export function validateOp(uvmm: Uvmm, op: BindJobOp, bo: NouveauBo | null): Errno {
  if (bo !== null) {
    if (!isAligned(op.offset, 4096) || bo.size <= op.offset || op.range > bo.size - op.offset) return -EINVAL;
  }
  if (!isAligned(op.addr, 4096) || !isAligned(op.range, 4096) || op.range === 0) return -EINVAL;
  return gpuvmRangeValid(uvmm.vm, op.addr, op.range) ? 0 : -EINVAL;
}
