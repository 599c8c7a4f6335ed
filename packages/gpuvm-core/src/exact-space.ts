import { bigAdd, bigSub } from "./u64.ts";
import type { Gpuva } from "./va.ts";

/** A VA in an {@link ExactSpace}. */
export interface ExactVa {
  /** The VA's number. */
  readonly va: Gpuva;
  /** First address. */
  readonly addr: bigint;
  /** Length; may be 0. */
  readonly range: bigint;
  /** Offset into the object. */
  readonly offset: bigint;
}

/** Last address, modulo 2^64: of a range of 0 at 0 it is 2^64 - 1, as in the kernel. */
function last(addr: bigint, range: bigint): bigint {
  return bigSub(bigAdd(addr, range), 1n);
}

/**
 * The tree of a VM whose numbers doubles cannot hold, or that has mappings of length 0: a sorted array of bigints,
 * searched from the start, that follows the kernel's interval tree to the letter. It is slow, and it is what the
 * fast index is tested against.
 */
export class ExactSpace {
  /** In the order of the kernel's `rb.list`. */
  readonly vas: ExactVa[] = [];
  readonly #byVa = new Map<number, ExactVa>();

  /** The values of a VA that was put here (also after its removal, until it is forgotten). */
  get(va: Gpuva): ExactVa | undefined {
    return this.#byVa.get(va);
  }

  /** Remembers the values of a VA that is not in the tree. */
  note(entry: ExactVa): void {
    this.#byVa.set(entry.va, entry);
  }

  /** Forgets a freed VA. */
  forget(va: Gpuva): void {
    this.#byVa.delete(va);
  }

  /** The lowest VA that overlaps `[start, last]`, both inclusive, or undefined. */
  query(start: bigint, end: bigint): ExactVa | undefined {
    return this.vas.find((v) => v.addr <= end && start <= last(v.addr, v.range));
  }

  /** `drm_gpuva_find_first`, with its wrapping end. */
  findFirst(addr: bigint, range: bigint): ExactVa | undefined {
    return this.query(addr, last(addr, range));
  }

  /** Inserts behind every VA at or below its address; false if one overlaps. */
  insert(entry: ExactVa): boolean {
    if (this.query(entry.addr, last(entry.addr, entry.range)) !== undefined) return false;
    this.put(entry);
    return true;
  }

  /** Inserts without a look for overlap. */
  put(entry: ExactVa): void {
    const at = this.vas.findLastIndex((v) => v.addr <= entry.addr);
    this.vas.splice(at + 1, 0, entry);
    this.#byVa.set(entry.va, entry);
  }

  /** Takes a VA out of the tree. */
  remove(va: Gpuva): void {
    const at = this.vas.findIndex((v) => v.va === va);
    if (at >= 0) this.vas.splice(at, 1);
  }

  /** The VA behind `va` in address order, or undefined. */
  after(va: Gpuva): ExactVa | undefined {
    return this.vas[this.vas.findIndex((v) => v.va === va) + 1];
  }
}
