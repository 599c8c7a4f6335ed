import { EINVAL, type Errno, gpuvaObj, gpuvaOpRemapToUnmapRange, type OpRemap } from "@gpuvm/core";
import { MIB2 } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorBo } from "../gem/bo.ts";
import { mapPages, mapSparse, unmapPages } from "./pages.ts";
import { lockRegion } from "./region.ts";
import type { PanthorVm } from "./vm.ts";

/**
 * Takes the hole of a remap out of the page tables (`panthor_gpuva_sm_step_remap`). io-pgtable does not cut an entry of
 * 2 MiB: the hole is widened to what one may cover, and what that covers of the pieces is mapped again. The pieces are
 * otherwise not touched.
 */
export function remapPages(panthor: Panthor, vm: PanthorVm, remap: OpRemap, sparse: boolean): Errno {
  const { gpuvm } = vm;
  const { prev, next, unmap } = remap;
  const bo = gpuvaObj(gpuvm, unmap.va) as PanthorBo;
  const hole = gpuvaOpRemapToUnmapRange(gpuvm, remap);
  const { start, end } = widen(panthor, vm, remap, bo, sparse);
  if (panthor.gen.blocks === "fail" && (start < hole.start || end > hole.start + hole.range)) {
    panthor.machine.dev.warn(`${gpuvm.name}: a 2 MiB block is unmapped in part`);
    return -EINVAL;
  }
  if (panthor.gen.regionLock) lockRegion(panthor, vm, start, end - start);
  unmapPages(panthor, vm, start, end - start);
  const map = (at: number, offset: number, size: number) =>
    sparse ? mapSparse(panthor, vm, at, bo, size) : mapPages(panthor, vm, at, bo, offset, size);
  if (prev !== null) {
    const ret = map(start, prev.offset + (start - prev.addr), prev.addr + prev.range - start);
    if (ret !== 0) return ret;
  }
  return next === null ? 0 : map(next.addr, next.offset, end - next.addr);
}

/**
 * The hole, widened (`unmap_hugepage_align`): on each side to the next 2 MiB, where the mapping goes on to there and the
 * memory at the cut is a folio of 2 MiB, whatever entries lead to it; where the object is mapped again and again, always.
 * Before 7.0 only an entry of 2 MiB counted, by what io-pgtable did with it.
 */
function widen(panthor: Panthor, vm: PanthorVm, remap: OpRemap, bo: PanthorBo, sparse: boolean) {
  const { prev, next } = remap;
  const hole = gpuvaOpRemapToUnmapRange(vm.gpuvm, remap);
  let { start } = hole;
  let end = start + hole.range;
  const huge = (piece: { addr: number; offset: number }, at: number) =>
    panthor.gen.blocks === "widen"
      ? sparse || bo.isHugeAt(at - piece.addr + piece.offset)
      : vm.pt.ptes.at(at)?.pageSize === MIB2;
  const before = start - (start % MIB2);
  const behind = Math.ceil(end / MIB2) * MIB2;
  // The piece behind begins where the hole ends, so its first page is one too far.
  const cutsNext = next !== null && behind > end && next.addr + next.range >= behind;
  if (prev !== null && before < start && prev.addr <= before && huge(prev, start)) start = before;
  if (cutsNext && huge(next, end - 1)) end = behind;
  return { start, end };
}
