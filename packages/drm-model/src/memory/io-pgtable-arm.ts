import { EEXIST, EINVAL, ENOMEM, type Errno } from "@gpuvm/core";
import type { Machine } from "../machine/machine.ts";
import { within } from "./aligned.ts";
import type { Bo } from "./bo.ts";
import { entriesOf, type FlushDue, GpuView } from "./gpu-view.ts";
import { KIB4 } from "./page-table.ts";

/** How a driver sets the page tables up (`struct io_pgtable_cfg`), as far as it decides what is written. */
export interface IoPgtableArmConfig {
  /** Bytes that an entry may cover: 4 KiB, 2 MiB, 1 GiB (`pgsize_bitmap`). */
  readonly pageSizes: readonly number[];
  /** Bits of an address, 13 to 48 (`ias`); default 48. */
  readonly ias?: number;
  /** A range that is not mapped as asked is no news to the driver (`IO_PGTABLE_QUIRK_NO_WARN`); default: a warning. */
  readonly noWarn?: boolean;
  /** When a machine that watches wants to see the flush after entries were cleared; default: before their pages go. */
  readonly flushDue?: FlushDue;
  /** Gives a page for a table, of the driver's own store (`alloc`); false: there is none. Default: never runs out. */
  readonly takeTable?: () => boolean;
  /** A table leaves the walk: its range may be in walk caches (`tlb->tlb_flush_walk`). Default: nothing is done. */
  readonly flushWalk?: (iova: number, size: number) => void;
}

const LEVELS = 4;
const BITS_PER_LEVEL = 9;
const PER_TABLE = 2 ** BITS_PER_LEVEL;

/** Bytes that one entry of each level covers (`ARM_LPAE_BLOCK_SIZE`), for tables of 4 KiB. */
const SPAN: readonly number[] = [0, 1, 2, 3].map(
  (level) => 2 ** (12 + BITS_PER_LEVEL * (LEVELS - 1 - level)),
);

/**
 * Page tables as `drivers/iommu/io-pgtable-arm.c` keeps them (Linux 7.3), format `ARM_64_LPAE_S1` with tables of 4 KiB:
 * those of Mali GPUs from CSF on (panthor) and of Adreno's SMMU (msm). Level 0 is the root of 48 bits, level 3 the lowest.
 *
 * # Invariants
 * A table is made when the first entry below it is written, and freed when a block takes its place, when a block-sized
 * unmap meets it, or at the end. Clearing the last of its entries does not free it. With a table go all below it: where there
 * is one of some level, there are those above it.
 */
export class IoPgtableArm extends GpuView {
  readonly #config: IoPgtableArmConfig;
  /** Level of the root (`start_level`). */
  readonly #startLevel: number;
  readonly #rootBytes: number;
  /** Tables in use, by level, as `address / bytes that one covers`. The root is not among them. */
  readonly #tables: readonly Set<number>[] = SPAN.map(() => new Set());
  #alive = true;

  /**
   * The root is made (`arm_64_lpae_alloc_pgtable_s1`).
   *
   * @throws RangeError for sizes or address bits that the format does not have
   */
  constructor(machine: Machine, config: IoPgtableArmConfig) {
    super(machine, true);
    const { ias = 48, pageSizes } = config;
    if (!(Number.isInteger(ias) && ias > 12 && ias <= 48))
      throw new RangeError(`ias is ${ias}; give 13 to 48 bits`);
    if (pageSizes.length === 0 || pageSizes.some((size) => !SPAN.slice(1).includes(size)))
      throw new RangeError(
        `pageSizes is [${pageSizes.join(", ")}]; give one or more of ${SPAN.slice(1).reverse().join(", ")}`,
      );
    this.#config = config;
    const levels = Math.ceil((ias - 12) / BITS_PER_LEVEL);
    this.#startLevel = LEVELS - levels;
    this.#rootBytes = Math.max(64, 8 * 2 ** (ias - 12 - BITS_PER_LEVEL * (levels - 1)));
    this.counts.allocated(1, this.#rootBytes);
  }

  /**
   * Writes up to `pgcount` entries of `pgsize` bytes each, but not beyond the table that the first is in
   * (`arm_lpae_map_pages`). A table where a block is to be written is freed with what is in it; an entry is not replaced.
   *
   * @param bo where they lead to, from `offset` on; null: to a page that stands for all
   * @returns bytes mapped; -EEXIST: an entry is there already; -ENOMEM: no page for a table; -EINVAL: no such entry size
   */
  mapPages(iova: number, bo: Bo | null, offset: number, pgsize: number, pgcount: number): number {
    if (!this.#config.pageSizes.includes(pgsize)) return -EINVAL;
    const level = SPAN.indexOf(pgsize);
    const ret = this.#tablesTo(level, iova);
    if (ret !== 0) return ret;
    const end = iova + pgsize * Math.min(pgcount, this.#roomFor(level, iova));
    const leaf = this.#nextLeaf(level, iova);
    if (level < LEVELS - 1) {
      for (let at = iova; at < Math.min(end, leaf); at += pgsize)
        if (this.#tableAt(level + 1, at)) this.#freeTable(level, at);
    }
    if (leaf < end) return this.#refuse(iova, "are mapped already", -EEXIST);
    const run = { start: iova, end, bo, offset, pageSize: pgsize };
    this.counts.wrote(pgsize, entriesOf(run));
    this.write(run, true);
    return end - iova;
  }

  /**
   * Clears up to `pgcount` entries of `pgsize` bytes each, but not beyond the table that the first is in, and not beyond
   * the first that is not there (`arm_lpae_unmap_pages`). A table in the place of such an entry is freed with what is in
   * it; an entry that covers more is not cut.
   *
   * @returns bytes unmapped
   */
  unmapPages(iova: number, pgsize: number, pgcount: number): number {
    if (!this.#config.pageSizes.includes(pgsize) || pgcount === 0) return 0;
    const level = SPAN.indexOf(pgsize);
    for (let above = this.#reaches(level, iova) ? level : this.#startLevel; above < level; above++) {
      if (this.#tableAt(above + 1, iova)) continue;
      if (this.#leafAt(above, iova)) this.#refuse(iova, "are part of a greater entry", 0);
      else this.#refuse(iova, "are not mapped", 0);
      return 0;
    }
    const end = iova + pgsize * Math.min(pgcount, this.#roomFor(level, iova));
    let at = iova;
    while (at < end) {
      if (level < LEVELS - 1 && this.#tableAt(level + 1, at)) {
        this.#freeTable(level, at);
        at += pgsize;
        continue;
      }
      const run = this.ptes.at(at);
      if (run === null) {
        this.#refuse(at, "are not mapped", 0);
        break;
      }
      const to = Math.min(run.end, end);
      this.counts.cleared(pgsize, (to - at) / pgsize);
      this.clear(at, to - at, this.#config.flushDue);
      at = to;
    }
    return at - iova;
  }

  /** Whether an entry leads somewhere from this address (`iova_to_phys`). */
  maps(iova: number): boolean {
    return this.ptes.at(iova) !== null;
  }

  /** The end (`free_io_pgtable_ops`): every table goes, with what is in it. Once. */
  free(): void {
    if (!this.#alive) return;
    this.#alive = false;
    this.#dropLeafs(0, 2 ** 48);
    for (const tables of this.#tables) {
      this.counts.freed(tables.size, KIB4);
      tables.clear();
    }
    this.counts.freed(1, this.#rootBytes);
  }

  /** The tables on the way to an entry (`__arm_lpae_map`). */
  #tablesTo(level: number, iova: number): Errno {
    if (this.#reaches(level, iova)) return 0;
    for (let above = this.#startLevel; above < level; above++) {
      if (this.#tableAt(above + 1, iova)) continue;
      if (this.#leafAt(above, iova)) return this.#refuse(iova, "are part of a greater entry", -EEXIST);
      if (this.#config.takeTable?.() === false) return -ENOMEM;
      this.#tables[above + 1]?.add(indexOf(above, iova));
      this.counts.allocated(1, KIB4);
      this.counts.wroteTable(above, 1);
    }
    return 0;
  }

  /** Entries from `iova` to the end of the table that it is in (`arm_lpae_max_entries`). */
  #roomFor(level: number, iova: number): number {
    return PER_TABLE - (indexOf(level, iova) % PER_TABLE);
  }

  /** Whether the walk comes to entries of this level. */
  #reaches(level: number, iova: number): boolean {
    return level === this.#startLevel || this.#tableAt(level, iova);
  }

  /** Whether a table of this level covers the address. */
  #tableAt(level: number, iova: number): boolean {
    return (this.#tables[level] as Set<number>).has(indexOf(level - 1, iova));
  }

  #leafAt(level: number, iova: number): boolean {
    return this.ptes.at(iova)?.pageSize === SPAN[level];
  }

  /** Address of the next entry of this level's size, at or behind `iova`; Infinity: none. What lies between is in tables. */
  #nextLeaf(level: number, iova: number): number {
    const runs = this.ptes.runs();
    for (let i = this.ptes.firstEndingAfter(iova); i < runs.length; i++) {
      const run = runs[i];
      if (run === undefined) break;
      if (run.pageSize === SPAN[level]) return Math.max(run.start, iova);
      if (run.start >= iova + PER_TABLE * (SPAN[level] as number)) break;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** The entry of `level` at `iova` that leads to a table is cleared, and the table freed, with those below it. */
  #freeTable(level: number, iova: number): void {
    const size = SPAN[level] as number;
    const start = iova - within(iova, size);
    this.counts.clearedTable(level, 1);
    this.#config.flushWalk?.(start, size);
    this.#dropLeafs(start, size);
    for (let below = level + 1; below < LEVELS; below++) {
      const tables = this.#tables[below] as Set<number>;
      const first = indexOf(below - 1, start);
      const n = size / (SPAN[below - 1] as number);
      for (let index = first; index < first + n; index++)
        if (tables.delete(index)) this.counts.freed(1, KIB4);
    }
  }

  #dropLeafs(start: number, size: number): void {
    for (const run of this.clear(start, size, this.#config.flushDue))
      this.counts.dropped(run.pageSize, entriesOf(run));
  }

  #refuse(iova: number, what: string, ret: Errno): Errno {
    if (this.#config.noWarn !== true)
      this.machine.hazard("kernel-warning", "io-pgtable", `pages at 0x${iova.toString(16)} ${what}`);
    return ret;
  }
}

function indexOf(level: number, iova: number): number {
  return Math.floor(iova / (SPAN[level] as number));
}
