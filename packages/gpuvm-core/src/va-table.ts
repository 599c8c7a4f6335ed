import { grown } from "./capacity.ts";
import { enlarged, growsInPlace, sharedBytes } from "./enlarged.ts";
import { GpuvmError } from "./error.ts";
import type { Gpuva } from "./va.ts";

/** Doubles per row. */
const F = 3;
/** Words per row. */
const W = 4;
const OWNER = 0;
const PREV = 1;
const NEXT = 2;
const STATE = 3;

/**
 * No row has a higher number. `va & ROWS` tells that to the compiler, which then leaves out a test for overflow at each
 * sum that makes an index of it: half of the instructions of an access.
 */
const ROWS: number = 2 ** 28 - 1;

/** State bits above the flags that a driver may use (bits 0 to 23). */
const ALLOCATED = 1 << 24;
const INSERTED = 1 << 25;
/** The row is in the VM's tree. */
export const VA_INSERTED: number = INSERTED;
/** Stands in the list neighbours of a row that is given back, in quarantine: no row has this number. */
const POISON = -1;
/** The flags proper. */
const FLAGS = (1 << 24) - 1;

/** A list of rows: those of one vm_bo. */
export interface VaList {
  /** First row, or 0. */
  vaHead: Gpuva;
  /** Last row, or 0. */
  vaTail: Gpuva;
  /** Rows on it. */
  vaCount: number;
}

/**
 * The VAs of one VM (`struct drm_gpuva`) as rows of 40 bytes: address, range and offset as doubles in one array, owner,
 * list neighbours and flags as 32-bit integers in another, so that a look for an address does not drag the lists
 * through the cache, nor a list operation the addresses. Nothing in it is for the garbage collector. A VA is the
 * number of its row; 0 is no VA.
 *
 * # Invariants
 * `owner` is 0 (no object), the object's slot on its device (not linked), or minus the slot of the vm_bo it is linked to.
 * The list neighbours of a row that is not linked are whatever was there before.
 * A row that is not allocated is on the free list, through its `next`.
 */
export class VaTable {
  /**
   * The rows as doubles: index `va * 3 + {0: addr, 1: range, 2: offset}`. Replaced when the table grows: what was there
   * before may be another table's then.
   */
  f: Float64Array;
  /** The rows' integers. Replaced as they are. */
  w: Int32Array;
  /** The number of the first row. */
  readonly first: number;
  /** Freed rows and outgrown arrays are never used again: finds uses after free (a quarantine, as KASAN has). */
  quarantine = false;
  #capacity: number;
  #fresh: number;
  #free = 0;

  /** An empty table with room for some rows; `first`: the number of the first one. */
  constructor(rows = 16, first = 1) {
    const capacity = rows + first - 1;
    this.first = first;
    this.#fresh = first;
    this.#capacity = capacity;
    this.f = new Float64Array(capacity * F);
    this.w = new Int32Array(capacity * W);
  }

  /** A row with flags and owner 0. */
  alloc(): Gpuva {
    let va = this.#free;
    if (va === 0 && this.#fresh === this.#capacity) this.#grow();
    const { w } = this;
    if (va !== 0) this.#free = w[(va & ROWS) * W + NEXT] as number;
    else va = this.#fresh++;
    const at = (va & ROWS) * W;
    w[at + OWNER] = 0;
    w[at + STATE] = ALLOCATED;
    return va as Gpuva;
  }

  /** Gives a row back if it is allocated, neither in the tree nor linked. Returns whether it is. */
  free(va: Gpuva): boolean {
    const { w } = this;
    const at = (va & ROWS) * W;
    if (((w[at + STATE] as number) & (ALLOCATED | INSERTED)) !== ALLOCATED || (w[at + OWNER] as number) < 0)
      return false;
    w[at + STATE] = 0;
    if (this.quarantine) {
      w[at + PREV] = POISON;
      w[at + NEXT] = POISON;
    } else {
      w[at + NEXT] = this.#free;
      this.#free = va;
    }
    return true;
  }

  /** Rows allocated now; they are counted when it is asked for. */
  get live(): number {
    let n = 0;
    for (let va = this.first; va < this.#fresh; va++) if (this.is(va as Gpuva, ALLOCATED)) n++;
    return n;
  }

  /** Rows have had numbers below this one. */
  get bound(): number {
    return this.#fresh;
  }

  /** Whether the row is allocated. */
  allocated(va: Gpuva): boolean {
    return va > 0 && va < this.#fresh && ((this.w[(va & ROWS) * W + STATE] as number) & ALLOCATED) !== 0;
  }

  /** Whether the row is in the tree. */
  inserted(va: Gpuva): boolean {
    return ((this.w[(va & ROWS) * W + STATE] as number) & INSERTED) !== 0;
  }

  /** The row came into the tree. */
  setInserted(va: Gpuva): void {
    const { w } = this;
    const at = (va & ROWS) * W + STATE;
    w[at] = (w[at] as number) | INSERTED;
  }

  /** The row leaves the tree. Returns whether it was there. */
  clearInserted(va: Gpuva): boolean {
    const { w } = this;
    const at = (va & ROWS) * W + STATE;
    const state = w[at] as number;
    w[at] = state & ~INSERTED;
    return (state & INSERTED) !== 0;
  }

  /** Puts the row at the end of its owner's list; `owner` is below 0. */
  link(va: Gpuva, owner: number, list: VaList): void {
    const { w } = this;
    const at = (va & ROWS) * W;
    const tail = list.vaTail;
    w[at + OWNER] = owner;
    w[at + PREV] = tail;
    w[at + NEXT] = 0;
    if (tail === 0) list.vaHead = va;
    else w[(tail & ROWS) * W + NEXT] = va;
    list.vaTail = va;
    list.vaCount++;
  }

  /** Takes the row off its list and gives it its unlinked owner. */
  unlink(va: Gpuva, owner: number, list: VaList): void {
    const { w } = this;
    const at = (va & ROWS) * W;
    const prev = w[at + PREV] as Gpuva;
    const next = w[at + NEXT] as Gpuva;
    if (prev === 0) list.vaHead = next;
    else w[(prev & ROWS) * W + NEXT] = next;
    if (next === 0) list.vaTail = prev;
    else w[(next & ROWS) * W + PREV] = prev;
    list.vaCount--;
    w[at + OWNER] = owner;
  }

  /** Sets what the row maps. */
  set(va: Gpuva, addr: number, range: number, offset: number, owner: number): void {
    const { f } = this;
    const at = (va & ROWS) * F;
    f[at] = addr;
    f[at + 1] = range;
    f[at + 2] = offset;
    this.w[(va & ROWS) * W + OWNER] = owner;
  }

  /** First address. */
  addr(va: Gpuva): number {
    return this.f[(va & ROWS) * F] as number;
  }

  /** Length. */
  range(va: Gpuva): number {
    return this.f[(va & ROWS) * F + 1] as number;
  }

  /** Address after the last. */
  end(va: Gpuva): number {
    const { f } = this;
    const at = (va & ROWS) * F;
    return (f[at] as number) + (f[at + 1] as number);
  }

  /** Offset into the object. */
  offset(va: Gpuva): number {
    return this.f[(va & ROWS) * F + 2] as number;
  }

  /** 0, an object's slot, or minus a vm_bo's slot. */
  owner(va: Gpuva): number {
    return this.w[(va & ROWS) * W + OWNER] as number;
  }

  /** See {@link VaTable.owner}. */
  setOwner(va: Gpuva, owner: number): void {
    this.w[(va & ROWS) * W + OWNER] = owner;
  }

  /** Previous VA on the vm_bo's list. */
  prev(va: Gpuva): Gpuva {
    return this.w[(va & ROWS) * W + PREV] as Gpuva;
  }

  /**
   * Next VA on the vm_bo's list.
   *
   * @throws GpuvmError `USE_AFTER_FREE` in quarantine, where the row was given back.
   */
  next(va: Gpuva): Gpuva {
    const next = this.w[(va & ROWS) * W + NEXT] as number;
    if (next === POISON) throw afterFree(va);
    return next as Gpuva;
  }

  /** Sets the neighbour before. */
  setPrev(va: Gpuva, prev: Gpuva): void {
    this.w[(va & ROWS) * W + PREV] = prev;
  }

  /** Sets the neighbour after. */
  setNext(va: Gpuva, next: Gpuva): void {
    this.w[(va & ROWS) * W + NEXT] = next;
  }

  /** The driver's flags. */
  flags(va: Gpuva): number {
    return (this.w[(va & ROWS) * W + STATE] as number) & FLAGS;
  }

  /** Replaces the driver's flags. */
  setFlags(va: Gpuva, flags: number): void {
    const at = (va & ROWS) * W + STATE;
    this.w[at] = ((this.w[at] as number) & ~FLAGS) | (flags & FLAGS);
  }

  /** Whether a state bit is set. */
  is(va: Gpuva, bit: number): boolean {
    return ((this.w[(va & ROWS) * W + STATE] as number) & bit) !== 0;
  }

  /** Sets or clears a state bit. */
  mark(va: Gpuva, bit: number, on: boolean): void {
    const at = (va & ROWS) * W + STATE;
    if (on) this.w[at] = (this.w[at] as number) | bit;
    else this.w[at] = (this.w[at] as number) & ~bit;
  }

  /** Bytes of both arrays. */
  get bytes(): number {
    return this.f.byteLength + this.w.byteLength;
  }

  /** Those of them in shared buffers. @internal */
  get sharedBytes(): number {
    return sharedBytes(this.f, this.w);
  }

  #grow(): void {
    if (this.#capacity > ROWS) throw new RangeError(`a VM has room for ${ROWS} mappings`);
    const capacity = grown(this.#capacity, growsInPlace(this.f) ? 16 : 8);
    this.f = enlarged(this.f, capacity * F, this.quarantine);
    const { w } = this;
    this.w = enlarged(w, capacity * W, this.quarantine);
    // Of a row that never was one may be asked what it is; of its numbers nobody may.
    if (!growsInPlace(this.w)) this.w.fill(0, w.length);
    this.#capacity = capacity;
  }
}

function afterFree(va: Gpuva): GpuvmError {
  const message = `the list neighbours of va#${va} are read, which was given back`;
  return new GpuvmError("USE_AFTER_FREE", message, [`va#${va}`]);
}
