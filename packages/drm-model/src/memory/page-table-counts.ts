import type { Counts } from "../machine/counts.ts";

/** How many of each kind: of leaf entries by the bytes that one covers, of others by their level. */
export type Tally = Map<number, number>;

/**
 * What one VM's page tables took: entries written and cleared, tables made and freed. Adds up in the machine's
 * {@link Counts}, too.
 */
export class PageTableCounts {
  /** Leaf entries that were set, by the bytes that one covers. */
  readonly leafWritten: Tally = new Map();
  /** Leaf entries that were cleared one by one. */
  readonly leafCleared: Tally = new Map();
  /** Leaf entries that were in a table when it was freed. */
  readonly leafDropped: Tally = new Map();
  /** Entries that lead to a table and were set, by level; each MMU numbers its levels as its kernel code does. */
  readonly tableWritten: Tally = new Map();
  /** Entries that lead to a table and were cleared. */
  readonly tableCleared: Tally = new Map();
  /** Table pages ever made. */
  tablesAllocated = 0;
  /** Table pages freed. */
  tablesFreed = 0;
  /** Table pages in use. */
  tables = 0;
  /** Most table pages at once. */
  tablesPeak = 0;
  /** Bytes of table pages in use. */
  tableBytes = 0;
  readonly #total: Counts;

  /** Nothing yet. */
  constructor(total: Counts) {
    this.#total = total;
  }

  /** `n` leaf entries that cover `size` bytes each are set. */
  wrote(size: number, n: number): void {
    add(this.leafWritten, size, n);
    this.#total.ptesWritten += n;
  }

  /** `n` leaf entries that cover `size` bytes each are cleared. */
  cleared(size: number, n: number): void {
    add(this.leafCleared, size, n);
    this.#total.ptesCleared += n;
  }

  /** `n` leaf entries go with their table. */
  dropped(size: number, n: number): void {
    add(this.leafDropped, size, n);
  }

  /** `n` entries that lead to tables are set. */
  wroteTable(level: number, n: number): void {
    add(this.tableWritten, level, n);
    this.#total.tableEntriesWritten += n;
  }

  /** `n` entries that lead to tables are cleared. */
  clearedTable(level: number, n: number): void {
    add(this.tableCleared, level, n);
    this.#total.tableEntriesCleared += n;
  }

  /** `n` table pages of `bytes` each are made. */
  allocated(n: number, bytes: number): void {
    this.tablesAllocated += n;
    this.tables += n;
    if (this.tables > this.tablesPeak) this.tablesPeak = this.tables;
    this.tableBytes += n * bytes;
    this.#total.tablePagesAllocated += n;
    this.#total.tableBytes(n * bytes);
  }

  /** `n` table pages of `bytes` each are freed. */
  freed(n: number, bytes: number): void {
    this.tablesFreed += n;
    this.tables -= n;
    this.tableBytes -= n * bytes;
    this.#total.tableBytes(-n * bytes);
  }
}

function add(tally: Tally, key: number, n: number): void {
  if (n !== 0) tally.set(key, (tally.get(key) ?? 0) + n);
}
