import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_REMAP,
  ENOMEM,
  type Errno,
  type Gpuva,
  type GpuvaOp,
  type GpuvaOps,
  gpuvaAlloc,
  gpuvaInsert,
  gpuvaMap,
  gpuvaObj,
  gpuvaOpRemapToUnmapRange,
  gpuvaRemove,
  type OpMap,
  type Steps,
  vaName,
} from "@gpuvm/core";
import type { BindJobOp, Pages } from "./bind-job.ts";
import type { NouveauBo } from "./bo.ts";
import { selectPageShift } from "./page-size.ts";
import type { Region } from "./regions.ts";
import type { Uvmm } from "./uvmm.ts";

/**
 * Applies the steps of one operation to the tree, and takes the page-table references that its new mapping needs
 * (`nouveau_uvmm_sm_prepare`). What was taken out stays allocated, linked and mapped: a failure puts it back.
 *
 * @returns 0; -ENOMEM, and then the tree is as it was
 */
export function* prepare(uvmm: Uvmm, bop: BindJobOp, ops: GpuvaOps, region: Region | null): Steps<Errno> {
  const { dev } = uvmm.vm;
  let ret: Errno = takeTables(uvmm, bop, ops);
  if (ret !== 0) return ret;
  for (let i = 0; i < ops.length; i++) {
    if (dev.stopsFor("alloc", "nouveau_uvmm_sm_prepare")) yield dev.point;
    ret = prepareStep(uvmm, bop, ops.at(i), region);
    if (ret === 0) continue;
    unwindSteps(uvmm, bop, ops, i);
    dropTables(uvmm, bop);
    return ret;
  }
  return 0;
}

/** Takes everything back, last step first (`nouveau_uvmm_sm_prepare_unwind`). */
export function unwind(uvmm: Uvmm, bop: BindJobOp, ops: GpuvaOps): void {
  unwindSteps(uvmm, bop, ops, ops.length);
  dropTables(uvmm, bop);
}

function prepareStep(uvmm: Uvmm, bop: BindJobOp, op: GpuvaOp, region: Region | null): Errno {
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
  // The pieces lie where the mapping lay: in its region, if in any.
  const inherited = uvmm.nv.defects.has("N2") ? null : uvmm.regionOf(va);
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

function unwindSteps(uvmm: Uvmm, bop: BindJobOp, ops: GpuvaOps, count: number): void {
  const { vm } = uvmm;
  for (let i = count - 1; i >= 0; i--) {
    const op = ops.at(i);
    if (op.op === DRM_GPUVA_OP_MAP) bop.map = dropVa(uvmm, bop.map);
    else if (op.op === DRM_GPUVA_OP_REMAP) {
      if (op.remap.next !== null) bop.next = dropVa(uvmm, bop.next);
      if (op.remap.prev !== null) bop.prev = dropVa(uvmm, bop.prev);
      gpuvaInsert(vm, op.remap.unmap.va);
    } else gpuvaInsert(vm, op.unmap.va);
  }
}

/** A new VA in the tree, which holds its object (`op_map_prepare`); 0: no memory. */
function newVa(uvmm: Uvmm, map: OpMap, region: Region | null, kind: number): Gpuva {
  const { vm, nv } = uvmm;
  const { dev } = vm;
  if (!dev.mayAlloc("nouveau_uvma")) return 0;
  const va = gpuvaAlloc(vm);
  nv.machine.counts.vasCreated++;
  gpuvaMap(vm, va, map);
  uvmm.dress(va, region, kind, shiftFor(map));
  map.obj?.get(dev.ledger === null ? "" : vaName(vm, va));
  return va;
}

/** `op_map_prepare_unwind`. */
function dropVa(uvmm: Uvmm, va: Gpuva): 0 {
  if (va === 0) return 0;
  gpuvaRemove(uvmm.vm, va);
  uvmm.freeVa(va);
  return 0;
}

function shiftFor(map: OpMap): number {
  return selectPageShift((map.obj as NouveauBo).pageShift, map.addr, map.range, map.offset);
}

/**
 * References for the parts of a new mapping where no old one has them already; what an old one has of the same page size
 * passes to the new one. Everything else that goes gives its references back when the entries are gone.
 */
function takeTables(uvmm: Uvmm, bop: BindJobOp, ops: GpuvaOps): Errno {
  const last = ops.length === 0 ? null : ops.at(ops.length - 1);
  const map = last !== null && last.op === DRM_GPUVA_OP_MAP ? last.map : null;
  const shift = map === null ? 0 : shiftFor(map);
  let at = bop.addr;
  for (const op of ops) {
    if (op.op === DRM_GPUVA_OP_MAP) continue;
    const hole = holeOf(uvmm, op);
    if (map === null || hole.shift !== shift) bop.puts.push(hole);
    else {
      if (hole.addr > at) bop.gets.push({ shift, addr: at, range: hole.addr - at });
      at = hole.addr + hole.range;
    }
  }
  if (map !== null && at < bop.addr + bop.range) {
    bop.gets.push({ shift, addr: at, range: bop.addr + bop.range - at });
  }
  for (let i = 0; i < bop.gets.length; i++) {
    const { addr, range } = bop.gets[i] as Pages;
    if (uvmm.vm.dev.mayAlloc("nouveau page table")) uvmm.ptRefs.get(shift, addr, range);
    else {
      bop.gets.length = i;
      dropTables(uvmm, bop);
      return -ENOMEM;
    }
  }
  return 0;
}

function dropTables(uvmm: Uvmm, bop: BindJobOp): void {
  for (const { shift, addr, range } of bop.gets) uvmm.putTables(shift, addr, range);
  bop.gets.length = 0;
  bop.puts.length = 0;
}

/** What a step clears: a whole mapping, or the hole in one. */
export function holeOf(uvmm: Uvmm, op: GpuvaOp): Pages {
  const { vas } = uvmm.vm;
  if (op.op !== DRM_GPUVA_OP_REMAP) {
    const { va } = op.unmap;
    return { shift: uvmm.shiftOf(va), addr: vas.addr(va), range: vas.range(va) };
  }
  const { start, range } = gpuvaOpRemapToUnmapRange(uvmm.vm, op.remap);
  return { shift: uvmm.shiftOf(op.remap.unmap.va), addr: start, range };
}

/** The object that a step is about (`op_gem_obj`). */
export function objectOf(uvmm: Uvmm, op: GpuvaOp): NouveauBo {
  if (op.op === DRM_GPUVA_OP_MAP) return op.map.obj as NouveauBo;
  const va = op.op === DRM_GPUVA_OP_REMAP ? op.remap.unmap.va : op.unmap.va;
  return gpuvaObj(uvmm.vm, va) as NouveauBo;
}
