import type { Bo } from "./bo.ts";
import type { MemoryBooks, Surroundings } from "./surroundings.ts";

/**
 * Bytes of buffer objects. An object is *retained* while it lives although no handle and no dma-buf leads to it any
 * more: what a program thinks it has given back.
 */
export class Memory implements MemoryBooks {
  /** Bytes of living objects' pages. */
  bytes = 0;
  /** Most of that at once. */
  bytesPeak = 0;
  /** Objects alive. */
  readonly objects: Set<Bo> = new Set();
  /** Bytes retained now. */
  retained = 0;
  /** Most of that at once while programs ran, not counting what was gone before time passed. */
  retainedPeak = 0;
  /** Most of it while a program's end was under way: handles go first, and work may have to be waited for. */
  retainedPeakAtExit = 0;
  /** A program's end is under way. */
  exiting = false;
  /** Bytes retained, summed over time: byte-seconds. */
  retainedByteSeconds = 0;
  readonly #machine: Pick<Surroundings, "auditing" | "note">;
  #orphans: Bo[] = [];

  /** Nothing is allocated yet. */
  constructor(machine: Pick<Surroundings, "auditing" | "note">) {
    this.#machine = machine;
  }

  /** An object came to be. */
  born(bo: Bo): void {
    this.objects.add(bo);
    this.bytes += bo.size;
    if (this.bytes > this.bytesPeak) this.bytesPeak = this.bytes;
  }

  /** An object was freed. */
  died(bo: Bo): void {
    this.objects.delete(bo);
    this.bytes -= bo.size;
    if (bo.retained) {
      bo.retained = false;
      this.retained -= bo.size;
    }
  }

  /** The last handle or dma-buf of an object went. */
  orphaned(bo: Bo): void {
    this.#orphans.push(bo);
  }

  /** An object can be reached by a program again. */
  adopted(bo: Bo): void {
    if (!bo.retained) return;
    bo.retained = false;
    this.retained -= bo.size;
  }

  /** Time passes. */
  pass(ns: number): void {
    if (this.#orphans.length > 0) {
      for (const bo of this.#orphans) {
        // An object without references may still have its memory: a driver can put off the release.
        if (!this.objects.has(bo) || bo.retained || bo.reachable) continue;
        bo.retained = true;
        this.retained += bo.size;
        if (this.#machine.auditing)
          this.#machine.note(bo.name, "retained: no handle and no dma-buf leads to it");
      }
      this.#orphans = [];
      if (this.exiting) this.retainedPeakAtExit = Math.max(this.retainedPeakAtExit, this.retained);
      else if (this.retained > this.retainedPeak) this.retainedPeak = this.retained;
    }
    if (this.retained > 0) this.retainedByteSeconds += (this.retained * ns) / 1e9;
  }
}
