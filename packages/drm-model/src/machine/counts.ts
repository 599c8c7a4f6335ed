import { Distribution } from "./distribution.ts";
import { TlbCounts } from "./tlb-counts.ts";

/** What a machine counts, exactly and repeatably. Modelled time is nanoseconds of the virtual clock. */
export class Counts {
  /** Leaf page-table entries that were set, of whatever page size. */
  ptesWritten = 0;
  /** Leaf page-table entries that were cleared one by one. */
  ptesCleared = 0;
  /** Entries that lead to a table and were set. */
  tableEntriesWritten = 0;
  /** Entries that lead to a table and were cleared. */
  tableEntriesCleared = 0;
  /** Page-table pages allocated. */
  tablePagesAllocated = 0;
  /** Bytes of page tables in use, over all VMs. */
  tableBytesNow = 0;
  /** Most bytes of page tables at once, over all VMs. */
  tableBytesPeak = 0;
  /** TLB invalidations by cause. */
  readonly tlb: TlbCounts = new TlbCounts();
  /** Mappings that a driver made in page tables: calls, not entries. */
  ptMaps = 0;
  /** Ranges that a driver took out of page tables: calls, not entries. */
  ptUnmaps = 0;
  /** VAs ever allocated. */
  vasCreated = 0;
  /** Links of VM and object ever made. */
  vmBosCreated = 0;
  /** Locks taken by each submit. */
  readonly submitLocks: Distribution = new Distribution();
  /** Objects that each submit fenced or validated. */
  readonly submitObjects: Distribution = new Distribution();
  /** Waits, for a lock or a fence, of each submit. */
  readonly submitWaits: Distribution = new Distribution();
  /** Locks taken by each handle close. */
  readonly closeLocks: Distribution = new Distribution();
  /** Modelled time that each handle close waited. */
  readonly closeWaitNs: Distribution = new Distribution();
  /** Modelled time that each close of a file waited. */
  readonly fileCloseWaitNs: Distribution = new Distribution();
  /** Jobs that the GPU worked on; those that were made empty, or only signalled, are not counted. */
  gpuJobs = 0;
  /** Scanout: flips, and mappings and unmappings made in the display's VM. */
  flips = 0;
  /** See {@link Counts.flips}. */
  scanoutMaps = 0;
  /** See {@link Counts.flips}. */
  scanoutUnmaps = 0;
  /** Objects whose pages were evicted by memory pressure. */
  evictions = 0;
  /** Mappings made again after an eviction. */
  rebinds = 0;
  /** Requests answered, and those answered with an error. */
  requests = 0;
  /** See {@link Counts.requests}. */
  errors = 0;

  /** TLB invalidations. */
  get tlbInvalidations(): number {
    return this.tlb.total;
  }

  /** Page tables grow, or shrink, by so many bytes. */
  tableBytes(by: number): void {
    this.tableBytesNow += by;
    if (this.tableBytesNow > this.tableBytesPeak) this.tableBytesPeak = this.tableBytesNow;
  }
}
