import { KIB4, type Machine, MIB2, type PageTableShape, type TlbCause } from "@gpuvm/drm-model";

/** Three levels, entries of 4 KiB only: a table of the lowest level covers 2 MiB, one of the next 1 GiB. */
export const SHAPE: PageTableShape = { pageSizes: [KIB4], tableSpans: [MIB2, 2 ** 30], tlb: true };

/**
 * The device's MMU caches. A change of a page table only records that they are stale (`pvr_mmu_set_flush_flags`); the
 * flush takes all of them, whatever changed, and is put off until it is needed.
 */
export class PvrMmu {
  readonly #machine: Machine;
  #stale = false;
  /** The firmware runs; without it nothing can be flushed, nor need be. */
  booted = true;

  /** Caches that hold nothing stale. */
  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Entries were changed (`pvr_mmu_set_flush_flags`). */
  changed(): void {
    this.#stale = true;
  }

  /** Flushes if anything is stale (`pvr_mmu_flush_exec`). */
  flush(cause: TlbCause): void {
    if (!this.booted || !this.#stale) return;
    this.#stale = false;
    this.#machine.counts.tlb[cause]++;
    for (const { pt } of this.#machine.vms) pt.forget();
  }
}
