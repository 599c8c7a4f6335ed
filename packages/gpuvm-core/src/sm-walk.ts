import { EINVAL, type Errno } from "./errno.ts";
import { ExactWalk, type SmKind, setMap, setUnmap } from "./exact-walk.ts";
import type { DrmGemObject } from "./gem.ts";
import { gpuvaObj } from "./gpuva.ts";
import type { DrmGpuvm } from "./gpuvm.ts";
import {
  type DRM_GPUVA_OP_MAP,
  type DRM_GPUVA_OP_REMAP,
  type DRM_GPUVA_OP_UNMAP,
  GpuvaOpSlot,
  type GpuvaSmOp,
} from "./op.ts";
import type { GpuvaOps } from "./ops.ts";
import { gpuvmRangeValid } from "./range.ts";
import { toBig, type U64, U64_SPACE, wrapAdd } from "./u64.ts";
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
    this.#mapDue = kind === "map";
    this.#rare = kind !== "map";
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
    this.#mapDue = false;
    this.#rare = false;
    this.#obj = null;
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
    this.#mapDue = kind === "map";
    this.#rare = kind === "madvise";
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
    index.key = this.#addr;
    // A request of length 0 meets only what lies strictly around it.
    index.bound = this.#end;
    this.#va = index.firstOverlap();
  }

  /** All steps, appended to a list whose operations are the pool's. */
  fill(ops: GpuvaOps<GpuvaSmOp>): void {
    if (this.#rare) {
      while (this.#nextRare(ops.spare())) ops.length++;
      return;
    }
    let va = this.#va;
    if (va !== 0) {
      const { index } = this.#vm;
      index.mark();
      index.bound = this.#end;
      do {
        const more = this.#cut(va, ops.spare());
        ops.length++;
        va = more ? index.nextBelowOf(va) : 0;
      } while (va !== 0);
      // What is applied first is where the walk began.
      if (ops.length > 1) index.comeBack();
    }
    if (this.#mapDue) {
      this.#emitMap(ops.spare());
      ops.length++;
    }
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
      this.#va = this.#cut(va, op) ? index.nextBelowOf(va) : 0;
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

  /** The step for a VA that overlaps. Returns whether another may: this one ends before the request does. */
  #cut(va: Gpuva, op: GpuvaOpSlot): boolean {
    const { vas } = this.#vm;
    const a = vas.addr(va);
    const e = a + vas.range(va);
    const whole = a >= this.#addr && e <= this.#end;
    const unmap = whole ? op.unmap : op.remap.unmap;
    unmap.va = va;
    unmap.keep = this.#obj !== null && this.#keeps(va, a);
    if (whole) op.op = UNMAP;
    else this.#fillRemap(op, va);
    return e < this.#end;
  }

  /** Whether the request maps the object of a VA, and where it lies now. */
  #keeps(va: Gpuva, addr: number): boolean {
    const line = this.#vm.vas.offset(va) - addr;
    // The object is asked for last: it is the furthest away.
    return sameLine(line, this.#offset - this.#addr) && gpuvaObj(this.#vm, va) === this.#obj;
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
