/** What makes a driver tell the TLB to forget. */
export type TlbCause = "map" | "unmap" | "table" | "submit" | "close";

/** Invalidations by what caused them. One is one command to the hardware, as the driver's own code sends it. */
export class TlbCounts {
  /** Entries were written where nothing was, and the MMU or the driver wants a flush all the same. */
  map = 0;
  /** Entries were cleared or replaced: an unmap, a remap, an eviction. */
  unmap = 0;
  /** A table was made or freed. */
  table = 0;
  /** A batch is about to run, and flushes before it. */
  submit = 0;
  /** The VM, the file or the device goes. */
  close = 0;

  /** All of them. */
  get total(): number {
    return this.map + this.unmap + this.table + this.submit + this.close;
  }
}
