import { EINVAL, type Errno, gpuvaObj, gpuvaOpRemapToUnmapRange, type OpRemap } from "@gpuvm/core";
import { KIB4, MIB2 } from "@gpuvm/drm-model";
import type { PanthorBo } from "./bo.ts";
import type { Panthor } from "./device.ts";
import { mapPages, unmapPages } from "./pages.ts";
import type { PanthorVm } from "./vm.ts";

/**
 * Takes the hole of a remap out of the page tables. Where a cut falls inside of a 2 MiB entry, that entry can't stay:
 * the hole is widened to it (`unmap_hugepage_align`), and what it covers of the pieces is mapped again, with 4 KiB
 * entries. The pieces are otherwise not touched.
 */
export function remapPages(panthor: Panthor, vm: PanthorVm, remap: OpRemap): Errno {
  const { gpuvm } = vm;
  const { prev, next, unmap } = remap;
  const hole = gpuvaOpRemapToUnmapRange(gpuvm, remap);
  const holeEnd = hole.start + hole.range;
  let { start } = hole;
  let end = holeEnd;
  if (prev !== null && cutsBlock(vm, start)) start = Math.floor(start / MIB2) * MIB2;
  if (next !== null && cutsBlock(vm, end)) end = Math.ceil(end / MIB2) * MIB2;
  if (panthor.gen.blocks === "fail" && (start < hole.start || end > holeEnd)) {
    panthor.machine.dev.warn(`${gpuvm.name}: a 2 MiB block is unmapped in part`);
    return -EINVAL;
  }
  const bo = gpuvaObj(gpuvm, unmap.va) as PanthorBo;
  unmapPages(panthor, vm, start, end - start);
  if (prev !== null && start < hole.start) {
    const ret = mapPages(panthor, vm, start, hole.start - start, bo, prev.offset + (start - prev.addr), KIB4);
    if (ret !== 0) return ret;
  }
  if (next !== null && end > holeEnd)
    return mapPages(panthor, vm, holeEnd, end - holeEnd, bo, next.offset, KIB4);
  return 0;
}

function cutsBlock(vm: PanthorVm, at: number): boolean {
  const run = vm.pt.ptes.at(at);
  return run !== null && run.pageSize === MIB2 && (at - run.start) % MIB2 !== 0;
}
