import type { Tally } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";

/** Members of an answer that say what a request did to page tables, with the name of the count. */
const TALLIES = {
  leafWritten: "leafWritten",
  leafCleared: "leafCleared",
  leafDropped: "leafDropped",
  tableEntriesWritten: "tableWritten",
  tableEntriesCleared: "tableCleared",
} as const;

type Name = keyof typeof TALLIES;

type Counted = Record<Name, Map<number, number>> & {
  tablesAllocated: number;
  tablesFreed: number;
  tablesLive: number;
  vmBos: number;
};

/** What happens to page tables and vm_bos during one request after the other, over the VMs of programs. */
export class Tables {
  readonly panthor: Panthor;
  readonly #others: number;
  #before: Counted;

  /** @param others tables that are counted besides, and are told of first */
  constructor(panthor: Panthor, others = 0) {
    this.panthor = panthor;
    this.#others = others;
    const before = this.#counted();
    this.#before = { ...before, tablesAllocated: before.tablesAllocated - others };
  }

  /** What was seen since the last time, as members of an answer. */
  take(vmBosFreed: number): Record<string, unknown> {
    const now = this.#counted();
    const before = this.#before;
    this.#before = now;
    const out: Record<string, unknown> = {};
    for (const key of Object.keys(TALLIES) as Name[]) {
      const grown: Record<string, number> = {};
      for (const [size, n] of now[key]) {
        const more = n - (before[key].get(size) ?? 0);
        if (more !== 0) grown[size] = more;
      }
      out[key] = grown;
    }
    return Object.assign(out, {
      tablesAllocated: now.tablesAllocated - before.tablesAllocated,
      tablesFreed: now.tablesFreed - before.tablesFreed,
      tablesLive: now.tablesLive,
      vmBosCreated: now.vmBos - before.vmBos + vmBosFreed,
      vmBosDestroyed: vmBosFreed,
    });
  }

  #counted(): Counted {
    const { vms } = this.panthor.machine;
    const programs = vms.filter(({ purpose }) => purpose === "program").map(({ pt }) => pt.counts);
    const sum = (name: Name) => {
      const total = new Map<number, number>();
      for (const counts of programs) {
        const tally: Tally = counts[TALLIES[name]];
        for (const [key, n] of tally) total.set(key, (total.get(key) ?? 0) + n);
      }
      return total;
    };
    const tables = (name: "tablesAllocated" | "tablesFreed" | "tables") =>
      programs.reduce((total, counts) => total + counts[name], 0);
    return {
      leafWritten: sum("leafWritten"),
      leafCleared: sum("leafCleared"),
      leafDropped: sum("leafDropped"),
      tableEntriesWritten: sum("tableEntriesWritten"),
      tableEntriesCleared: sum("tableEntriesCleared"),
      tablesAllocated: tables("tablesAllocated"),
      tablesFreed: tables("tablesFreed"),
      tablesLive: this.#others + tables("tables"),
      vmBos: vms.reduce((total, { vm }) => total + vm.bos.filter((vmBo) => vmBo !== null).length, 0),
    };
  }
}
