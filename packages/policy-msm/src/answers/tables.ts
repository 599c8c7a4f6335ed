import type { Machine, PageTableCounts } from "@gpuvm/drm-model";

const TALLIES = ["leafWritten", "leafCleared", "leafDropped", "tableWritten", "tableCleared"] as const;

type Totals = Record<(typeof TALLIES)[number], Map<number, number>> & { allocated: number; freed: number };

/** What happened to page tables between two answers, over all VMs. */
export class TableDiff {
  #before: Totals = total([]);
  #base = 0;

  /** Counts from here on, and the tables that are there are not counted. */
  start(machine: Machine): void {
    this.#before = total(machine.vms.map(({ pt }) => pt.counts));
    this.#base = this.#before.allocated - this.#before.freed;
  }

  /** The members of an answer: entries by size or level, and tables. */
  answer(machine: Machine): Record<string, unknown> {
    const now = total(machine.vms.map(({ pt }) => pt.counts));
    const was = this.#before;
    this.#before = now;
    return {
      leafWritten: less(now.leafWritten, was.leafWritten),
      leafCleared: less(now.leafCleared, was.leafCleared),
      leafDropped: less(now.leafDropped, was.leafDropped),
      tableEntriesWritten: less(now.tableWritten, was.tableWritten),
      tableEntriesCleared: less(now.tableCleared, was.tableCleared),
      tablesAllocated: now.allocated - was.allocated,
      tablesFreed: now.freed - was.freed,
      tablesLive: now.allocated - now.freed - this.#base,
    };
  }
}

function total(all: readonly PageTableCounts[]): Totals {
  const [leafWritten, leafCleared, leafDropped, tableWritten, tableCleared] = TALLIES.map((name) => {
    const sum = new Map<number, number>();
    for (const counts of all) for (const [key, n] of counts[name]) sum.set(key, (sum.get(key) ?? 0) + n);
    return sum;
  }) as [
    Map<number, number>,
    Map<number, number>,
    Map<number, number>,
    Map<number, number>,
    Map<number, number>,
  ];
  return {
    ...{ leafWritten, leafCleared, leafDropped, tableWritten, tableCleared },
    allocated: all.reduce((sum, { tablesAllocated }) => sum + tablesAllocated, 0),
    freed: all.reduce((sum, { tablesFreed }) => sum + tablesFreed, 0),
  };
}

function less(now: ReadonlyMap<number, number>, was: ReadonlyMap<number, number>): Record<string, number> {
  const out: Record<string, number> = {};
  for (const [key, n] of now) if (n !== (was.get(key) ?? 0)) out[key] = n - (was.get(key) ?? 0);
  return out;
}
