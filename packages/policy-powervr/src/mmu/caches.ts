import type { Machine, TlbCause } from "@gpuvm/drm-model";

/** The level of the tables that a change went up to (`enum pvr_mmu_sync_level`). */
export const SYNC_NONE = -1;
/** Pages only. */
export const SYNC_LEVEL_0 = 0;
/** A level 0 table was put in, or taken out. */
export const SYNC_LEVEL_1 = 1;
/** A level 1 table was. */
export const SYNC_LEVEL_2 = 2;

const PT = 1;
const PD = 2;
const PC = 4;
const TLB = 8;
const INTERRUPT = 16;

/** `PVR_MMU_SYNC_LEVEL_n_FLAGS` (`ROGUE_FWIF_MMUCACHEDATA_FLAGS_*`): what a change at a level makes stale. */
const FLAGS: readonly number[] = [
  PT | INTERRUPT | TLB,
  PT | INTERRUPT | TLB | PD,
  PT | INTERRUPT | TLB | PD | PC,
];

/**
 * The device's MMU caches, of all its VMs together. A change of a page table only notes what is stale
 * (`mmu_flush_cache_flags`); one command to the firmware flushes it, whatever VMs it was of.
 */
export class PvrMmuCaches {
  readonly machine: Machine;
  /** What is stale: 0 nothing. */
  flags = 0;
  /** The firmware runs (`fw_dev.initialised`): without it nothing can be flushed, nor need be. */
  booted = true;

  /** Caches that hold nothing stale. */
  constructor(machine: Machine) {
    this.machine = machine;
  }

  /** Tables were changed up to a level (`pvr_mmu_backing_page_sync`, `pvr_mmu_set_flush_flags`). */
  setStale(level: number): void {
    this.flags |= FLAGS[level] ?? 0;
  }

  /** Flushes what is stale, if anything is (`pvr_mmu_flush_exec`). */
  flush(cause: TlbCause): void {
    if (!this.booted || this.flags === 0) return;
    this.flags = 0;
    this.machine.counts.tlb[cause]++;
    for (const { pt } of this.machine.vms) pt.forget();
  }
}
