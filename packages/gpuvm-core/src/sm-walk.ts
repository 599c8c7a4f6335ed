import type { ExactVa } from "./exact-space.ts";
import { findFast } from "./find.ts";
import type { DrmGemObject } from "./gem.ts";
import { gpuvaObj } from "./gpuva.ts";
import type { DrmGpuvm } from "./gpuvm.ts";
import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_REMAP,
  DRM_GPUVA_OP_UNMAP,
  type ExactMapping,
  type GpuvaOp,
  type OpMap,
  type OpUnmap,
} from "./op.ts";
import { bigAdd, bigSub, U64_SPACE, wrapAdd } from "./u64.ts";

/** Which request a walk answers. */
export type SmKind = "map" | "unmap" | "madvise";

/**
 * The split and merge walk (`__drm_gpuvm_sm_map`, `__drm_gpuvm_sm_unmap`), pulled step by step. Over every VA `V =
 * [a, e)` with object `o` at offset `f` that overlaps the request `[A, E)` with object `O` at offset `F`, ascending:
 *
 * ```text
 * keep = o is not null, is O, and f - a == F - A (modulo 2^64)      never for unmap and madvise
 * prev = a < A ? [a, A) o@f           : none
 * next = e > E ? [E, e) o@f + (E - a) : none
 * emit   prev or next ? REMAP{prev, next, unmap V, keep} : UNMAP{V, keep}
 * ```
 *
 * and, for map, MAP{[A, E) O@F} last, always. Nothing is ever merged: `keep` is a hint.
 *
 * The next VA is read before a step is handed out, so the step's VA may be removed, and pieces inserted, before the
 * next call; that is how the kernel's walk is safe. A walk object serves one walk at a time, and allocates nothing.
 */
export class SmWalk {
  readonly #vm: DrmGpuvm;
  #kind: SmKind = "map";
  #addr: number = Number.NaN;
  #end: number = Number.NaN;
  #offset: number = Number.NaN;
  #obj: DrmGemObject | null = null;
  /** The VA that the next call looks at, or 0. */
  #va = 0;
  /** The MAP is still to come: of the request (`whole`), or of the middle that madvise cut out. */
  #mapDue = false;
  #pieceDue = false;
  #pieceAddr: number = Number.NaN;
  #pieceEnd: number = Number.NaN;
  #exact: ExactWalk | null = null;

  /** A walk over `vm`. */
  constructor(vm: DrmGpuvm) {
    this.#vm = vm;
  }

  /** Starts a walk over exact doubles; the range is valid. */
  begin(kind: SmKind, addr: number, range: number, obj: DrmGemObject | null, offset: number): void {
    this.#kind = kind;
    this.#addr = addr;
    this.#end = addr + range;
    this.#obj = obj;
    this.#offset = offset;
    this.#mapDue = kind === "map";
    this.#pieceDue = false;
    this.#exact = null;
    // A request of length 0 meets only what lies strictly around it.
    this.#va = findFast(this.#vm, addr, addr + range);
  }

  /** Starts a walk over bigints; the range is valid. */
  beginExact(kind: SmKind, obj: DrmGemObject | null, request: ExactMapping): void {
    this.#exact = new ExactWalk(this.#vm, kind, obj, request);
  }

  /** Fills `op` with the next step; false when there is none. */
  next(op: GpuvaOp): boolean {
    if (this.#exact !== null) return this.#exact.next(op);
    const vm = this.#vm;
    const { vas, index } = vm;
    if (this.#pieceDue) return this.#emitPiece(op);
    for (let va = this.#va; va !== 0; va = this.#va) {
      const a = vas.addr(va);
      if (!index.isAt(a, va)) {
        if (index.nextId() === va) index.advance();
        else index.floor(a);
      }
      this.#va = index.nextKey() < this.#end ? index.nextId() : 0;
      if (this.#kind === "madvise" ? this.#cutOnly(va, a, op) : this.#cut(va, a, op)) return true;
    }
    if (!this.#mapDue) return false;
    this.#mapDue = false;
    return fillMap(op, this.#addr, this.#end - this.#addr, this.#obj, this.#offset);
  }

  #cut(va: number, a: number, op: GpuvaOp): boolean {
    const vm = this.#vm;
    const e = a + vm.vas.range(va);
    const f = vm.vas.offset(va);
    const o = gpuvaObj(vm, va);
    const keep =
      this.#kind === "map" && o !== null && o === this.#obj && sameLine(f - a, this.#offset - this.#addr);
    if (a >= this.#addr && e <= this.#end) return fillUnmap(op, va, keep);
    this.#fillRemap(op, va, a, e, o, f, keep);
    return true;
  }

  /** The madvise walk: only VAs without object are cut, and what they map inside the request is mapped again. */
  #cutOnly(va: number, a: number, op: GpuvaOp): boolean {
    const vm = this.#vm;
    const e = a + vm.vas.range(va);
    if (vm.vas.owner(va) !== 0 || va === vm.kernelNode || (a >= this.#addr && e <= this.#end)) return false;
    if (a <= this.#addr && e >= this.#end) this.#mapDue = true;
    else {
      this.#pieceDue = true;
      this.#pieceAddr = a < this.#addr ? this.#addr : a;
      this.#pieceEnd = e > this.#end ? this.#end : e;
    }
    this.#fillRemap(op, va, a, e, null, vm.vas.offset(va), false);
    return true;
  }

  #emitPiece(op: GpuvaOp): boolean {
    this.#pieceDue = false;
    return fillMap(op, this.#pieceAddr, this.#pieceEnd - this.#pieceAddr, null, 0);
  }

  #fillRemap(
    op: GpuvaOp,
    va: number,
    a: number,
    e: number,
    o: DrmGemObject | null,
    f: number,
    keep: boolean,
  ): void {
    const { remap } = op;
    op.op = DRM_GPUVA_OP_REMAP;
    setUnmap(remap.unmap, va, keep);
    if (a < this.#addr) {
      setMap(op.prevPiece, a, this.#addr - a, o, f);
      remap.prev = op.prevPiece;
    } else remap.prev = null;
    if (e > this.#end) {
      setMap(op.nextPiece, this.#end, e - this.#end, o, wrapAdd(f, this.#end - a));
      remap.next = op.nextPiece;
    } else remap.next = null;
  }
}

/** Whether two differences of exact doubles are the same modulo 2^64. */
function sameLine(a: number, b: number): boolean {
  return a === b || a - b === U64_SPACE || b - a === U64_SPACE;
}

function setMap(map: OpMap, addr: number, range: number, obj: DrmGemObject | null, offset: number): void {
  map.addr = addr;
  map.range = range;
  map.offset = offset;
  map.obj = obj;
  map.exact = null;
}

function setUnmap(unmap: OpUnmap, va: number, keep: boolean): void {
  unmap.va = va;
  unmap.keep = keep;
}

function fillMap(op: GpuvaOp, addr: number, range: number, obj: DrmGemObject | null, offset: number): true {
  op.op = DRM_GPUVA_OP_MAP;
  setMap(op.map, addr, range, obj, offset);
  return true;
}

function fillUnmap(op: GpuvaOp, va: number, keep: boolean): true {
  op.op = DRM_GPUVA_OP_UNMAP;
  setUnmap(op.unmap, va, keep);
  return true;
}

/** The same walk over bigints. */
class ExactWalk {
  readonly #vm: DrmGpuvm;
  readonly #kind: SmKind;
  readonly #obj: DrmGemObject | null;
  readonly #request: ExactMapping;
  readonly #end: bigint;
  #next: ExactVa | undefined;
  #mapDue: boolean;
  #piece: ExactMapping | null = null;

  constructor(vm: DrmGpuvm, kind: SmKind, obj: DrmGemObject | null, request: ExactMapping) {
    this.#vm = vm;
    this.#kind = kind;
    this.#obj = obj;
    this.#request = request;
    this.#end = request.addr + request.range;
    this.#next = vm.promote().findFirst(request.addr, request.range);
    this.#mapDue = kind === "map";
  }

  next(op: GpuvaOp): boolean {
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

  #cut(v: ExactVa, op: GpuvaOp): boolean {
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

  #cutOnly(v: ExactVa, op: GpuvaOp): boolean {
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

  #fillRemap(op: GpuvaOp, v: ExactVa, o: DrmGemObject | null, keep: boolean): void {
    const { addr } = this.#request;
    const e = v.addr + v.range;
    const { remap } = op;
    op.op = DRM_GPUVA_OP_REMAP;
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

function fillMapExact(op: GpuvaOp, exact: ExactMapping, obj: DrmGemObject | null): true {
  op.op = DRM_GPUVA_OP_MAP;
  setMapExact(op.map, exact, obj);
  return true;
}
