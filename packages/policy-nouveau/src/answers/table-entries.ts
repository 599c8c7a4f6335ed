import type { PageTableCounts, Tally } from "@gpuvm/drm-model";

/** How many entries that lead to tables were written during a request, by level. */
export class TableEntries {
  #before: Record<string, number> = {};

  /** A request begins. */
  begin(all: readonly PageTableCounts[]): void {
    this.#before = total(all);
  }

  /** Over all of a machine's page tables, those that are gone included. */
  since(all: readonly PageTableCounts[]): Record<string, number> {
    const out: Record<string, number> = {};
    for (const [level, n] of Object.entries(total(all))) {
      const more = n - (this.#before[level] ?? 0);
      if (more > 0) out[level] = more;
    }
    return out;
  }
}

function total(all: readonly PageTableCounts[]): Record<string, number> {
  const now: Record<string, number> = {};
  for (const { tableWritten } of all) sum(now, tableWritten);
  return now;
}

function sum(to: Record<string, number>, tally: Tally): void {
  for (const [level, n] of tally) to[level] = (to[level] ?? 0) + n;
}
