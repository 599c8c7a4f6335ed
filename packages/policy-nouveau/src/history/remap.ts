import { type Gpuva, gpuvaOpRemapToUnmapRange, type OpRemap } from "@gpuvm/core";
import type { Region } from "../uvmm/regions.ts";
import type { Uvmm } from "../uvmm/uvmm.ts";

/**
 * What a cut clears. Before be141849ec00 (6.9) it was as long as the whole mapping, from behind the first piece on, where
 * no piece stays behind (bug N1).
 */
export function holeToClear(uvmm: Uvmm, remap: OpRemap): { readonly addr: number; readonly range: number } {
  const { vm, nv } = uvmm;
  const { start, range } = gpuvaOpRemapToUnmapRange(vm, remap);
  const wrong = nv.defects.has("N1") && remap.next === null;
  return { addr: start, range: wrong ? vm.vas.range(remap.unmap.va) : range };
}

/**
 * The sparse region of a piece that a cut leaves: the cut mapping's, since that lies in one whole. Before c6b9075cfbd6
 * (6.6) a piece had none (bug N2).
 */
export function inheritedRegion(uvmm: Uvmm, va: Gpuva): Region | null {
  return uvmm.nv.defects.has("N2") ? null : uvmm.regionOf(va);
}
