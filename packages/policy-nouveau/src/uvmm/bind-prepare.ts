import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_REMAP,
  ENOMEM,
  type Errno,
  type Gpuva,
  type GpuvaOpRemap,
  type GpuvaOps,
  type GpuvaOpUnmap,
  type GpuvaSmOp,
  gpuvaInsert,
  gpuvaObj,
  gpuvaOpRemapToUnmapRange,
  gpuvaRemove,
  type Steps,
} from "@gpuvm/core";
import type { NouveauBo } from "../gem/bo.ts";
import { inheritedRegion } from "../history/remap.ts";
import type { BindJobOp } from "./bind-job.ts";
import { dropVa, newVa, shiftFor } from "./new-va.ts";
import type { Region } from "./regions.ts";
import type { Uvmm } from "./uvmm.ts";

/** The part of a new mapping for which nobody has references on page tables yet (`vmm_get_start`, `vmm_get_end`). */
interface Gap {
  start: number;
  end: number;
}

/** Takes, or drops, references on the page tables of a part of a new mapping. */
type Tables = (uvmm: Uvmm, addr: number, range: number, shift: number) => Errno;

const get: Tables = ({ mmu }, addr, range, shift) => mmu.get(addr, range, shift);

const put: Tables = ({ mmu }, addr, range, shift) => {
  mmu.put(addr, range, shift);
  return 0;
};

/**
 * Applies the steps of one operation to the tree, and takes references on the page tables of its new mapping
 * (`nouveau_uvmm_sm_prepare`). What was taken out stays allocated, linked and mapped: a failure puts it back.
 *
 * @returns 0; -ENOMEM, and then the tree is as it was
 */
export function* prepare(
  uvmm: Uvmm,
  bop: BindJobOp,
  ops: GpuvaOps<GpuvaSmOp>,
  region: Region | null,
): Steps<Errno> {
  const { dev } = uvmm.vm;
  const gap: Gap = { start: bop.addr, end: bop.addr + bop.range };
  bop.shift = shiftOfMap(uvmm, ops);
  for (let i = 0; i < ops.length; i++) {
    if (dev.stopsFor("alloc", "nouveau_uvmm_sm_prepare")) yield dev.point;
    const op = ops.at(i);
    let ret = prepareStep(uvmm, bop, op, region);
    if (ret === 0) {
      ret = bop.shift === 0 ? 0 : tablesOf(uvmm, bop, op, gap, get);
      if (ret === 0) continue;
      unwindStep(uvmm, bop, op);
    }
    unwindSteps(uvmm, bop, ops, i);
    return ret;
  }
  return 0;
}

/** Takes everything back, last step first (`nouveau_uvmm_sm_prepare_unwind`). */
export function unwind(uvmm: Uvmm, bop: BindJobOp, ops: GpuvaOps<GpuvaSmOp>): void {
  unwindSteps(uvmm, bop, ops, ops.length);
}

/**
 * What a step means for the page tables of the new mapping. An old mapping of the same page size has references already:
 * they pass to the new one, which takes its own where there was none. Steps come in the order of addresses, the new
 * mapping last.
 */
function tablesOf(uvmm: Uvmm, bop: BindJobOp, op: GpuvaSmOp, gap: Gap, tables: Tables): Errno {
  const { shift } = bop;
  if (op.op === DRM_GPUVA_OP_MAP) {
    return gap.end > gap.start ? tables(uvmm, gap.start, gap.end - gap.start, shift) : 0;
  }
  const { vas } = uvmm.vm;
  const { va } = op.op === DRM_GPUVA_OP_REMAP ? op.remap.unmap : op.unmap;
  if (!passes(uvmm, bop, va)) return 0;
  const start = vas.addr(va);
  const end = vas.end(va);
  if (op.op === DRM_GPUVA_OP_REMAP) {
    const { prev, next } = op.remap;
    if (prev !== null) gap.start = end;
    if (next !== null) gap.end = start;
    if (prev !== null && next !== null) gap.start = gap.end = 0;
    return 0;
  }
  // It is where the new mapping ends, or where the last one ended: there is nothing between.
  if (end === gap.start || start === gap.end) return 0;
  const ret = start > gap.start ? tables(uvmm, gap.start, start - gap.start, shift) : 0;
  if (ret === 0) gap.start = end;
  return ret;
}

/** Whether the references of an old mapping pass to the new one of an operation. */
export function passes(uvmm: Uvmm, bop: BindJobOp, va: Gpuva): boolean {
  return uvmm.shiftOf(va) === bop.shift;
}

/** The page size of the mapping that an operation makes; 0: it makes none. */
function shiftOfMap(uvmm: Uvmm, ops: GpuvaOps<GpuvaSmOp>): number {
  const last = ops.length === 0 ? null : ops.at(ops.length - 1);
  return last !== null && last.op === DRM_GPUVA_OP_MAP ? shiftFor(uvmm.nv, last.map) : 0;
}

function prepareStep(uvmm: Uvmm, bop: BindJobOp, op: GpuvaSmOp, region: Region | null): Errno {
  const { vm } = uvmm;
  if (op.op === DRM_GPUVA_OP_MAP) {
    bop.map = newVa(uvmm, op.map, region, bop.pteKind);
    return bop.map === 0 ? -ENOMEM : 0;
  }
  if (op.op !== DRM_GPUVA_OP_REMAP) {
    gpuvaRemove(vm, op.unmap.va);
    return 0;
  }
  const { prev, next, unmap } = op.remap;
  const { va } = unmap;
  const inherited = inheritedRegion(uvmm, va);
  const kind = uvmm.kindOf(va);
  gpuvaRemove(vm, va);
  if (prev !== null) bop.prev = newVa(uvmm, prev, inherited, kind);
  const fine = prev === null || bop.prev !== 0;
  if (fine && next !== null) bop.next = newVa(uvmm, next, inherited, kind);
  if (fine && (next === null || bop.next !== 0)) return 0;
  if (prev !== null) bop.prev = dropVa(uvmm, bop.prev);
  gpuvaInsert(vm, va);
  return -ENOMEM;
}

/** Takes the first `count` steps back: the tree first, then the page tables. */
function unwindSteps(uvmm: Uvmm, bop: BindJobOp, ops: GpuvaOps<GpuvaSmOp>, count: number): void {
  for (let i = count - 1; i >= 0; i--) unwindStep(uvmm, bop, ops.at(i));
  if (bop.shift === 0) return;
  const gap: Gap = { start: bop.addr, end: bop.addr + bop.range };
  for (let i = 0; i < count; i++) tablesOf(uvmm, bop, ops.at(i), gap, put);
}

function unwindStep(uvmm: Uvmm, bop: BindJobOp, op: GpuvaSmOp): void {
  const { vm } = uvmm;
  if (op.op === DRM_GPUVA_OP_MAP) bop.map = dropVa(uvmm, bop.map);
  else if (op.op === DRM_GPUVA_OP_REMAP) {
    if (op.remap.next !== null) bop.next = dropVa(uvmm, bop.next);
    if (op.remap.prev !== null) bop.prev = dropVa(uvmm, bop.prev);
    gpuvaInsert(vm, op.remap.unmap.va);
  } else gpuvaInsert(vm, op.unmap.va);
}

/** What a step clears: a whole mapping, or the hole in one. */
export function holeOf(
  uvmm: Uvmm,
  op: GpuvaOpRemap | GpuvaOpUnmap,
): { readonly addr: number; readonly range: number } {
  const { vas } = uvmm.vm;
  if (op.op !== DRM_GPUVA_OP_REMAP) {
    const { va } = op.unmap;
    return { addr: vas.addr(va), range: vas.range(va) };
  }
  const { start, range } = gpuvaOpRemapToUnmapRange(uvmm.vm, op.remap);
  return { addr: start, range };
}

/** The object that a step is about (`op_gem_obj`). */
export function objectOf(uvmm: Uvmm, op: GpuvaSmOp): NouveauBo {
  if (op.op === DRM_GPUVA_OP_MAP) return op.map.obj as NouveauBo;
  const va = op.op === DRM_GPUVA_OP_REMAP ? op.remap.unmap.va : op.unmap.va;
  return gpuvaObj(uvmm.vm, va) as NouveauBo;
}
