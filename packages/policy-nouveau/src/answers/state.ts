import { boState, gpuvmState, hex } from "@gpuvm/conformance";
import { DRM_GPUVA_INVALIDATED, type DrmGpuvmBo, type Gpuva, gemVmBos, gpuvmForEachVa } from "@gpuvm/core";
import type { NouveauBo } from "../gem/bo.ts";
import { PL_SYSTEM, PL_TT, PL_VRAM } from "../ttm/place.ts";
import type { Uvmm } from "../uvmm/uvmm.ts";
import type { World } from "./world.ts";

type Line = Record<string, unknown>;

const PLACES: Readonly<Record<number, string>> = {
  [PL_SYSTEM]: "SYSTEM",
  [PL_TT]: "GART",
  [PL_VRAM]: "VRAM",
};

/** The objects and VMs now, as an answer says them. */
export function answerOf(world: World): { bos: Line[]; vms: Line[]; extra: Line[] } {
  const objects = [...new Set(world.bos.values())];
  const uvmms = [...world.vms].sort(([a], [b]) => a - b);
  return {
    bos: objects.map((bo) => boLine(world, bo)),
    vms: uvmms.map(([number, uvmm]) => vmLine(world, number, uvmm)),
    extra: [
      ...objects.map((bo) => ({
        bo: world.numberOf(bo),
        place: PLACES[bo.resource?.place ?? PL_SYSTEM],
        pageShift: bo.pageShift,
        size: bo.size,
      })),
      ...uvmms.flatMap(([number, uvmm]) => [...regions(number, uvmm), ...shifts(number, uvmm)]),
      { vramFree: world.nv.places[PL_VRAM].free },
    ],
  };
}

/** How many links there are of VMs that programs manage. */
export function vmBosOf(world: World): number {
  return [...new Set(world.bos.values())].reduce((sum, bo) => sum + links(world, bo).length, 0);
}

function links(world: World, bo: NouveauBo): DrmGpuvmBo[] {
  return gemVmBos(bo)
    .toArray()
    .filter(({ vm }) => world.nv.uvmms.has(vm));
}

function boLine(world: World, bo: NouveauBo): Line {
  return boState(bo, world.numberOf(bo), (vm) => world.numberOf(vm), links(world, bo));
}

function vmLine(world: World, number: number, { vm }: Uvmm): Line {
  const invalidated = (va: Gpuva) => ((vm.vas.flags(va) & DRM_GPUVA_INVALIDATED) !== 0 ? 1 : 0);
  return gpuvmState(vm, number, (obj) => world.numberOf(obj), invalidated);
}

function regions(vm: number, uvmm: Uvmm): Line[] {
  return uvmm.regions.all().map(({ addr, range, dirty }) => ({
    vm,
    region: [hex(addr), hex(range)],
    dirty: dirty ? 1 : 0,
  }));
}

function shifts(vm: number, uvmm: Uvmm): Line[] {
  const out: Line[] = [];
  gpuvmForEachVa(uvmm.vm, (va) => {
    if (va === uvmm.vm.kernelNode) return;
    out.push({
      vm,
      va: hex(uvmm.vm.vas.addr(va)),
      pageShift: uvmm.shiftOf(va),
      inRegion: uvmm.regionOf(va) === null ? 0 : 1,
    });
  });
  return out;
}
