import type { World } from "./world.ts";

/** Table pages of programs' VMs: ever made, ever freed, and in use. */
export function tableCounts({ machine }: World): { allocated: number; freed: number; live: number } {
  const sum = { allocated: 0, freed: 0, live: 0 };
  for (const { pt, purpose } of machine.vms) {
    if (purpose !== "program") continue;
    sum.allocated += pt.counts.tablesAllocated;
    sum.freed += pt.counts.tablesFreed;
    sum.live += pt.tables;
  }
  return sum;
}
