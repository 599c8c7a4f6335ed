import type { DrmGemObject } from "./gem.ts";
import type { Gpuva } from "./va.ts";

/** Kinds of operation (`enum drm_gpuva_op_type`). */
export const DRM_GPUVA_OP_MAP = 0;
/** See {@link DRM_GPUVA_OP_MAP}. */
export const DRM_GPUVA_OP_REMAP = 1;
/** See {@link DRM_GPUVA_OP_MAP}. */
export const DRM_GPUVA_OP_UNMAP = 2;
/** See {@link DRM_GPUVA_OP_MAP}. */
export const DRM_GPUVA_OP_PREFETCH = 3;
/** For drivers' own operations in a list; never produced by the core. */
export const DRM_GPUVA_OP_DRIVER = 4;

/** The three numbers of a mapping, exact. */
export interface ExactMapping {
  /** First address. */
  readonly addr: bigint;
  /** Length. */
  readonly range: bigint;
  /** Offset into the object. */
  readonly offset: bigint;
}

/**
 * A mapping to be made (`struct drm_gpuva_op_map`). In a VM that left the range where doubles are exact the numbers
 * are only the nearest doubles, and {@link OpMap.exact} has the values.
 */
export class OpMap {
  /** First address. */
  addr: number = Number.NaN;
  /** Length. */
  range: number = Number.NaN;
  /** Offset into the object. */
  offset: number = Number.NaN;
  /** The object, or null: sparse. */
  obj: DrmGemObject | null = null;
  /** The exact values, in a VM where doubles do not hold them; else null. */
  exact: ExactMapping | null = null;
}

/** A mapping to be taken away (`struct drm_gpuva_op_unmap`). */
export class OpUnmap {
  /** The existing VA. */
  va: Gpuva = 0;
  /** The page-table entries already point where the request wants them: a hint. */
  keep = false;
}

/** A mapping to be cut (`struct drm_gpuva_op_remap`). At least one of prev and next is there. */
export class OpRemap {
  /** What is left before the request, or null. */
  prev: OpMap | null = null;
  /** What is left behind the request, or null. */
  next: OpMap | null = null;
  /** The mapping that is cut. */
  readonly unmap: OpUnmap = new OpUnmap();
}

/** A mapping to be prefetched (`struct drm_gpuva_op_prefetch`). */
export class OpPrefetch {
  /** The existing VA. */
  va: Gpuva = 0;
}

/** Kinds of operation, by number. */
export type GpuvaOpKind =
  | typeof DRM_GPUVA_OP_MAP
  | typeof DRM_GPUVA_OP_REMAP
  | typeof DRM_GPUVA_OP_UNMAP
  | typeof DRM_GPUVA_OP_PREFETCH
  | typeof DRM_GPUVA_OP_DRIVER;

/** A mapping is to be made. */
export interface GpuvaOpMap {
  /** Kind. */
  readonly op: typeof DRM_GPUVA_OP_MAP;
  /** Which. */
  readonly map: OpMap;
}

/** A mapping is to be cut. */
export interface GpuvaOpRemap {
  /** Kind. */
  readonly op: typeof DRM_GPUVA_OP_REMAP;
  /** Which, and what is left of it. */
  readonly remap: OpRemap;
}

/** A mapping is to be taken away. */
export interface GpuvaOpUnmap {
  /** Kind. */
  readonly op: typeof DRM_GPUVA_OP_UNMAP;
  /** Which. */
  readonly unmap: OpUnmap;
}

/** A mapping is to be prefetched. */
export interface GpuvaOpPrefetch {
  /** Kind. */
  readonly op: typeof DRM_GPUVA_OP_PREFETCH;
  /** Which. */
  readonly prefetch: OpPrefetch;
}

/** A driver's own operation in a list. */
export interface GpuvaOpDriver {
  /** Kind. */
  readonly op: typeof DRM_GPUVA_OP_DRIVER;
}

/** One operation (`struct drm_gpuva_op`): `op` says which part there is. */
export type GpuvaOp = GpuvaOpMap | GpuvaOpRemap | GpuvaOpUnmap | GpuvaOpPrefetch | GpuvaOpDriver;

/** What split and merge makes: the operations of a map, unmap or madvise request. */
export type GpuvaSmOp = GpuvaOpMap | GpuvaOpRemap | GpuvaOpUnmap;

/** Room for one operation of any kind, to be filled again and again; what goes with `op` is filled. It is a {@link GpuvaOp}. */
export class GpuvaOpSlot {
  /** Kind. */
  op: GpuvaOpKind = DRM_GPUVA_OP_MAP;
  /** For `DRM_GPUVA_OP_MAP`. */
  readonly map: OpMap = new OpMap();
  /** For `DRM_GPUVA_OP_REMAP`. */
  readonly remap: OpRemap = new OpRemap();
  /** For `DRM_GPUVA_OP_UNMAP`. */
  readonly unmap: OpUnmap = new OpUnmap();
  /** For `DRM_GPUVA_OP_PREFETCH`. */
  readonly prefetch: OpPrefetch = new OpPrefetch();
  /** Where {@link OpRemap.prev} and {@link OpRemap.next} point when they are there. @internal */
  readonly prevPiece: OpMap = new OpMap();
  /** @internal */
  readonly nextPiece: OpMap = new OpMap();
}
