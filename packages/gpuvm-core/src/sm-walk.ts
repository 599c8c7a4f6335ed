import { EINVAL, type Errno } from "./errno.ts";
import type { ExactVa } from "./exact-space.ts";
import type { DrmGemObject } from "./gem.ts";
import { gpuvaObj } from "./gpuva.ts";
import type { DrmGpuvm } from "./gpuvm.ts";
import {
  type DRM_GPUVA_OP_MAP,
  type DRM_GPUVA_OP_REMAP,
  type DRM_GPUVA_OP_UNMAP,
  type ExactMapping,
  GpuvaOpSlot,
  type GpuvaSmOp,
  type OpMap,
  type OpUnmap,
} from "./op.ts";
import { gpuvmRangeValid } from "./range.ts";
import { bigAdd, bigSub, toBig, type U64, U64_SPACE, wrapAdd } from "./u64.ts";
import type { Gpuva } from "./va.ts";

// Not the imported ones: what is imported is loaded and checked again at each use in optimised code.
const MAP: typeof DRM_GPUVA_OP_MAP = 0;
const REMAP: typeof DRM_GPUVA_OP_REMAP = 1;
const UNMAP: typeof DRM_GPUVA_OP_UNMAP = 2;

/** What a map or madvise request says. */
export interface SmRequest {
  readonly addr: U64;
  readonly range: U64;
  readonly obj: DrmGemObject | null;
  readonly offset: U64;
}

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
  #va: Gpuva = 0;
  /** The MAP is still to come: of the request (`whole`), or of the middle that madvise cut out. */
  #mapDue = false;
  /** It is a madvise walk, or one over bigints. */
  #rare = false;
  #pieceDue = false;
  #pieceAddr: number = Number.NaN;
  #pieceEnd: number = Number.NaN;
  #exact: ExactWalk | null = null;
  /** The operation that callbacks get. @internal */
  readonly op: GpuvaOpSlot = new GpuvaOpSlot();

  /** A walk over `vm`. */
  constructor(vm: DrmGpuvm) {
    this.#vm = vm;
  }

  /**
   * Starts a walk for a map or madvise request; the numbers come in an object, for as arguments they would be boxed.
   *
   * @returns -EINVAL if the range is not valid
   */
  start(kind: "map" | "madvise", req: SmRequest): Errno {
    const vm = this.#vm;
    const { addr, range, offset } = req;
    if (vm.exact !== null || !vm.fits(addr) || !vm.fits(range) || !vm.fits(offset)) {
      return this.#startAny(kind, addr, range, req.obj, offset);
    }
    if (!vm.rangeValidFast(addr, range)) return -EINVAL;
    this.#kind = kind;
    this.#mapDue = kind === "map";
    this.#obj = req.obj;
    this.#offset = offset;
    this.#addr = addr;
    this.#end = addr + range;
    this.#locate();
    return 0;
  }

  /** As {@link SmWalk.start}, for an unmap request. */
  startUnmap(addr: U64, range: U64): Errno {
    const vm = this.#vm;
    if (vm.exact !== null || !vm.fits(addr) || !vm.fits(range)) {
      return this.#startAny("unmap", addr, range, null, 0);
    }
    if (!vm.rangeValidFast(addr, range)) return -EINVAL;
    this.#kind = "unmap";
    this.#mapDue = false;
    this.#addr = addr;
    this.#end = addr + range;
    this.#locate();
    return 0;
  }

  #startAny(kind: SmKind, addr: U64, range: U64, obj: DrmGemObject | null, offset: U64): Errno {
    const vm = this.#vm;
    if (!gpuvmRangeValid(vm, addr, range)) return -EINVAL;
    const a = vm.num(addr);
    const r = vm.num(range);
    const f = vm.num(offset);
    if (vm.exact !== null) {
      const request = { addr: toBig(addr), range: toBig(range), offset: toBig(offset) };
      this.#exact = new ExactWalk(vm, kind, obj, request);
      this.#rare = true;
      return 0;
    }
    this.#kind = kind;
    this.#mapDue = kind === "map";
    this.#obj = obj;
    this.#offset = f;
    this.#addr = a;
    this.#end = a + r;
    this.#locate();
    return 0;
  }

  #locate(): void {
    const { index } = this.#vm;
    this.#pieceDue = false;
    this.#exact = null;
    this.#rare = this.#kind === "madvise";
    index.key = this.#addr;
    // A request of length 0 meets only what lies strictly around it.
    index.bound = this.#end;
    this.#va = index.firstOverlap();
    if (this.#va !== 0) index.mark();
  }

  /** For a list of steps that is complete: what is applied first is where the walk began. The tree must be as it was. */
  comeBack(): void {
    if (this.#exact === null) this.#vm.index.comeBack();
  }

  /** False: the next call of {@link SmWalk.next} answers false. */
  get pending(): boolean {
    if (this.#exact !== null) return this.#exact.pending;
    return this.#va !== 0 || this.#mapDue || this.#pieceDue;
  }

  /** Fills `op` with the next step; false when there is none. */
  next(op: GpuvaOpSlot): op is GpuvaOpSlot & GpuvaSmOp {
    if (this.#rare) return this.#nextRare(op);
    const va = this.#va;
    if (va !== 0) {
      const { index } = this.#vm;
      index.bound = this.#end;
      this.#va = index.nextBelowOf(va);
      this.#cut(va, op);
      return true;
    }
    return this.#mapDue && this.#emitMap(op);
  }

  /** The same for madvise, and for bigints. */
  #nextRare(op: GpuvaOpSlot): boolean {
    if (this.#exact !== null) return this.#exact.next(op);
    if (this.#pieceDue) return this.#emitPiece(op);
    for (let va = this.#va; va !== 0; va = this.#va) {
      const { index } = this.#vm;
      index.bound = this.#end;
      this.#va = index.nextBelowOf(va);
      if (this.#cutOnly(va, op)) return true;
    }
    return this.#mapDue && this.#emitMap(op);
  }

  #emitMap(op: GpuvaOpSlot): true {
    const { map } = op;
    this.#mapDue = false;
    op.op = MAP;
    map.addr = this.#addr;
    map.range = this.#end - this.#addr;
    map.offset = this.#offset;
    map.obj = this.#obj;
    map.exact = null;
    return true;
  }

  #cut(va: Gpuva, op: GpuvaOpSlot): void {
    const { vas } = this.#vm;
    const a = vas.addr(va);
    const e = a + vas.range(va);
    const whole = a >= this.#addr && e <= this.#end;
    const unmap = whole ? op.unmap : op.remap.unmap;
    unmap.va = va;
    unmap.keep = false;
    if (this.#kind === "map" && this.#obj !== null && gpuvaObj(this.#vm, va) === this.#obj) {
      unmap.keep = sameLine(vas.offset(va) - a, this.#offset - this.#addr);
    }
    if (whole) op.op = UNMAP;
    else this.#fillRemap(op, va);
  }

  /** The madvise walk: only VAs without object are cut, and what they map inside the request is mapped again. */
  #cutOnly(va: Gpuva, op: GpuvaOpSlot): boolean {
    const vm = this.#vm;
    const a = vm.vas.addr(va);
    const e = vm.vas.end(va);
    if (vm.vas.owner(va) !== 0 || va === vm.kernelNode || (a >= this.#addr && e <= this.#end)) return false;
    if (a <= this.#addr && e >= this.#end) this.#mapDue = true;
    else {
      this.#pieceDue = true;
      this.#pieceAddr = a < this.#addr ? this.#addr : a;
      this.#pieceEnd = e > this.#end ? this.#end : e;
    }
    setUnmap(op.remap.unmap, va, false);
    this.#fillRemap(op, va);
    return true;
  }

  #emitPiece(op: GpuvaOpSlot): boolean {
    this.#pieceDue = false;
    op.op = MAP;
    setMap(op.map, this.#pieceAddr, this.#pieceEnd - this.#pieceAddr, null, 0);
    return true;
  }

  /** What stays of a VA on one side of the request, or on both. */
  #fillRemap(op: GpuvaOpSlot, va: Gpuva): void {
    const { vas } = this.#vm;
    const { remap, prevPiece, nextPiece } = op;
    const a = vas.addr(va);
    const e = vas.end(va);
    const o = gpuvaObj(this.#vm, va);
    op.op = REMAP;
    if (a < this.#addr) {
      prevPiece.addr = a;
      prevPiece.range = this.#addr - a;
      prevPiece.offset = vas.offset(va);
      prevPiece.obj = o;
      prevPiece.exact = null;
      remap.prev = prevPiece;
    } else remap.prev = null;
    if (e > this.#end) {
      nextPiece.addr = this.#end;
      nextPiece.range = e - this.#end;
      nextPiece.offset = wrapAdd(vas.offset(va), this.#end - a);
      nextPiece.obj = o;
      nextPiece.exact = null;
      remap.next = nextPiece;
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

function setUnmap(unmap: OpUnmap, va: Gpuva, keep: boolean): void {
  unmap.va = va;
  unmap.keep = keep;
}

function fillUnmap(op: GpuvaOpSlot, va: Gpuva, keep: boolean): true {
  op.op = UNMAP;
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

  get pending(): boolean {
    const due = this.#next !== undefined && this.#next.addr < this.#end;
    return due || this.#mapDue || this.#piece !== null;
  }

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
