import { type Gpuva, gpuvaAlloc, gpuvaMap, gpuvaRemove, type OpMap, vaName } from "@gpuvm/core";
import type { NvDevice } from "../device.ts";
import type { NouveauBo } from "../gem/bo.ts";
import { selectPageShift } from "./page-shift.ts";
import type { Region } from "./regions.ts";
import type { Uvmm } from "./uvmm.ts";

/** A new VA in the tree, which holds its object (`op_map_prepare`); 0: no memory. */
export function newVa(uvmm: Uvmm, map: OpMap, region: Region | null, kind: number): Gpuva {
  const { vm, nv } = uvmm;
  const { dev } = vm;
  if (!dev.mayAlloc("nouveau_uvma")) return 0;
  const va = gpuvaAlloc(vm);
  nv.machine.counts.vasCreated++;
  gpuvaMap(vm, va, map);
  uvmm.dress(va, region, kind, shiftFor(nv, map));
  map.obj?.get(dev.ledger === null ? "" : vaName(vm, va));
  return va;
}

/** Takes one back (`op_map_prepare_unwind`). */
export function dropVa(uvmm: Uvmm, va: Gpuva): 0 {
  if (va === 0) return 0;
  gpuvaRemove(uvmm.vm, va);
  uvmm.freeVa(va);
  return 0;
}

/** The page size of a new mapping. */
export function shiftFor(nv: NvDevice, map: OpMap): number {
  return selectPageShift(nv.hardware, map.obj as NouveauBo, map.addr, map.range, map.offset);
}
