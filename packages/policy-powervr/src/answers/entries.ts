import type { PageTableCounts, Tally } from "@gpuvm/drm-model";
import type { World } from "./world.ts";

const TALLIES = {
  leafWritten: (c: PageTableCounts): Tally => c.leafWritten,
  leafCleared: (c: PageTableCounts): Tally => c.leafCleared,
  leafDropped: (c: PageTableCounts): Tally => c.leafDropped,
  tableEntriesWritten: (c: PageTableCounts): Tally => c.tableWritten,
  tableEntriesCleared: (c: PageTableCounts): Tally => c.tableCleared,
} as const;

/** What was written in the page tables of programs' VMs so far, by kind and size or level. */
export type Snapshot = Readonly<Record<keyof typeof TALLIES, Tally>>;

/** What was written so far. The firmware's own VM is not counted. */
export function snapshot(world: World): Snapshot {
  const out = {} as Record<keyof typeof TALLIES, Tally>;
  for (const [name, tallyOf] of Object.entries(TALLIES)) {
    const sum: Tally = new Map();
    for (const { pt, purpose } of world.machine.vms) {
      if (purpose !== "program") continue;
      for (const [key, n] of tallyOf(pt.counts)) sum.set(key, (sum.get(key) ?? 0) + n);
    }
    out[name as keyof typeof TALLIES] = sum;
  }
  return out;
}

/** What was written since, as an answer says it: `{"4096": 16}`. */
export function entriesSince(world: World, before: Snapshot): Record<string, Record<string, number>> {
  const now = snapshot(world);
  const out: Record<string, Record<string, number>> = {};
  for (const name of Object.keys(TALLIES) as (keyof typeof TALLIES)[]) {
    const diff: Record<string, number> = {};
    for (const [key, n] of now[name]) {
      const more = n - (before[name].get(key) ?? 0);
      if (more !== 0) diff[key] = more;
    }
    out[name] = diff;
  }
  return out;
}
