import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_PREFETCH,
  DRM_GPUVA_OP_REMAP,
  type DrmGemObject,
  type DrmGpuvm,
  type ExactMapping,
  type Gpuva,
  type GpuvaOpPrefetch,
  type GpuvaSmOp,
  gpuvaExact,
  gpuvaObj,
  hex,
  type OpMap,
  opMapExact,
} from "@gpuvm/core";

/** A mapping as the files write it: address, range, object, offset. */
export type Mapping = readonly [addr: string, range: string, obj: number, off: string];

/** The number of an object in the file; 0: none. */
export type NumberOf = (obj: DrmGemObject | null) => number;

function mapping(exact: ExactMapping, obj: number): Mapping {
  return [hex(exact.addr), hex(exact.range), obj, hex(exact.offset)];
}

/** An existing mapping. */
export function mappingOf(vm: DrmGpuvm, va: Gpuva, numberOf: NumberOf): Mapping {
  return mapping(gpuvaExact(vm, va), va === vm.kernelNode ? -1 : numberOf(gpuvaObj(vm, va)));
}

/** An operation as the files write it. */
export function stepOf(
  vm: DrmGpuvm,
  op: GpuvaSmOp | GpuvaOpPrefetch,
  numberOf: NumberOf,
): Record<string, unknown> {
  const piece = (map: OpMap) => mapping(opMapExact(map), numberOf(map.obj));
  switch (op.op) {
    case DRM_GPUVA_OP_MAP:
      return { t: "map", va: piece(op.map) };
    case DRM_GPUVA_OP_PREFETCH:
      return { t: "prefetch", va: mappingOf(vm, op.prefetch.va, numberOf) };
    case DRM_GPUVA_OP_REMAP: {
      const { prev, next, unmap } = op.remap;
      return {
        t: "remap",
        va: mappingOf(vm, unmap.va, numberOf),
        keep: unmap.keep,
        prev: prev === null ? null : piece(prev),
        next: next === null ? null : piece(next),
      };
    }
    default:
      return { t: "unmap", va: mappingOf(vm, op.unmap.va, numberOf), keep: op.unmap.keep };
  }
}
