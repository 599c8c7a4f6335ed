import type { ExactVa } from "./exact-space.ts";
import type { DrmGemObject } from "./gem.ts";
import { gpuvaObj } from "./gpuva.ts";
import type { DrmGpuvm } from "./gpuvm.ts";
import type {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_REMAP,
  DRM_GPUVA_OP_UNMAP,
  ExactMapping,
  GpuvaOpSlot,
  OpMap,
  OpUnmap,
} from "./op.ts";
import { bigAdd, bigSub } from "./u64.ts";
import type { Gpuva } from "./va.ts";

const MAP: typeof DRM_GPUVA_OP_MAP = 0;
const REMAP: typeof DRM_GPUVA_OP_REMAP = 1;
const UNMAP: typeof DRM_GPUVA_OP_UNMAP = 2;

/** Which request a walk answers. */
export type SmKind = "map" | "unmap" | "madvise";

/** The walk of split and merge over the bigints of an `ExactSpace`: the steps of `SmWalk`. */
export class ExactWalk {
  readonly #vm: DrmGpuvm;
  readonly #kind: SmKind;
  readonly #obj: DrmGemObject | null;
  readonly #request: ExactMapping;
  readonly #end: bigint;
  #next: ExactVa | undefined;
  #mapDue: boolean;
  #piece: ExactMapping | null = null;

  /** A walk over `vm`, which is exact. */
  constructor(vm: DrmGpuvm, kind: SmKind, obj: DrmGemObject | null, request: ExactMapping) {
    this.#vm = vm;
    this.#kind = kind;
    this.#obj = obj;
    this.#request = request;
    this.#end = request.addr + request.range;
    this.#next = vm.promote().findFirst(request.addr, request.range);
    this.#mapDue = kind === "map";
  }

  /** Whether there may be another step. */
  get pending(): boolean {
    const due = this.#next !== undefined && this.#next.addr < this.#end;
    return due || this.#mapDue || this.#piece !== null;
  }

  /** Fills `op` with the next step; false when there is none. */
  next(op: GpuvaOpSlot): boolean {
    const piece = this.#piece;
    if (piece !== null) {
      this.#piece = null;
      return fillMapExact(op, piece, null);
    }
    for (let v = this.#next; v !== undefined && v.addr < this.#end; v = this.#next) {
      this.#next = this.#vm.promote().after(v.va);
      if (this.#kind === "madvise" ? this.#cutOnly(v, op) : this.#cut(v, op)) return true;
    }
    if (!this.#mapDue) return false;
    this.#mapDue = false;
    return fillMapExact(op, this.#request, this.#obj);
  }

  #cut(v: ExactVa, op: GpuvaOpSlot): boolean {
    const { addr, offset } = this.#request;
    const o = gpuvaObj(this.#vm, v.va);
    const keep =
      this.#kind === "map" &&
      o !== null &&
      o === this.#obj &&
      bigSub(v.offset, v.addr) === bigSub(offset, addr);
    if (v.addr >= addr && v.addr + v.range <= this.#end) return fillUnmap(op, v.va, keep);
    this.#fillRemap(op, v, o, keep);
    return true;
  }

  #cutOnly(v: ExactVa, op: GpuvaOpSlot): boolean {
    const { addr } = this.#request;
    const e = v.addr + v.range;
    if (this.#vm.vas.owner(v.va) !== 0 || v.va === this.#vm.kernelNode) return false;
    if (v.addr >= addr && e <= this.#end) return false;
    if (v.addr <= addr && e >= this.#end) this.#mapDue = true;
    else {
      const from = v.addr < addr ? addr : v.addr;
      this.#piece = { addr: from, range: (e > this.#end ? this.#end : e) - from, offset: 0n };
    }
    this.#fillRemap(op, v, null, false);
    return true;
  }

  #fillRemap(op: GpuvaOpSlot, v: ExactVa, o: DrmGemObject | null, keep: boolean): void {
    const { addr } = this.#request;
    const e = v.addr + v.range;
    const { remap } = op;
    op.op = REMAP;
    setUnmap(remap.unmap, v.va, keep);
    remap.prev = null;
    remap.next = null;
    if (v.addr < addr) {
      remap.prev = setMapExact(op.prevPiece, { addr: v.addr, range: addr - v.addr, offset: v.offset }, o);
    }
    if (e > this.#end) {
      const offset = bigAdd(v.offset, this.#end - v.addr);
      remap.next = setMapExact(op.nextPiece, { addr: this.#end, range: e - this.#end, offset }, o);
    }
  }
}

function setMapExact(map: OpMap, exact: ExactMapping, obj: DrmGemObject | null): OpMap {
  setMap(map, Number(exact.addr), Number(exact.range), obj, Number(exact.offset));
  map.exact = exact;
  return map;
}

function fillMapExact(op: GpuvaOpSlot, exact: ExactMapping, obj: DrmGemObject | null): true {
  op.op = MAP;
  setMapExact(op.map, exact, obj);
  return true;
}

/** Fills a mapping that is to be made; the numbers are exact as doubles. */
export function setMap(
  map: OpMap,
  addr: number,
  range: number,
  obj: DrmGemObject | null,
  offset: number,
): void {
  map.addr = addr;
  map.range = range;
  map.offset = offset;
  map.obj = obj;
  map.exact = null;
}

/** Fills a mapping that is to be taken away. */
export function setUnmap(unmap: OpUnmap, va: Gpuva, keep: boolean): void {
  unmap.va = va;
  unmap.keep = keep;
}

function fillUnmap(op: GpuvaOpSlot, va: Gpuva, keep: boolean): true {
  op.op = UNMAP;
  setUnmap(op.unmap, va, keep);
  return true;
}
