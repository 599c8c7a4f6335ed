import { type DrmGemObject, type DrmGpuvm, DrmGpuvmBo } from "@gpuvm/core";
import type { Tally } from "@gpuvm/drm-model";
import type { MmuEvent, Panthor } from "../device.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import type { Names } from "./names.ts";

/** Members of an answer that say what a request did to page tables, with the name of the count. */
const TALLIES = {
  leafWritten: "leafWritten",
  leafCleared: "leafCleared",
  leafDropped: "leafDropped",
  tableEntriesWritten: "tableWritten",
  tableEntriesCleared: "tableCleared",
} as const;

type Counted = Record<keyof typeof TALLIES, Map<number, number>> & {
  tablesAllocated: number;
  tablesFreed: number;
  tablesLive: number;
};

/** The kernel's side tells a VM at the beginning of its end, which puts the VM's resv object. */
function inOrder(freed: readonly string[]): string[] {
  const out = [...freed];
  for (let i = 1; i < out.length; i++) {
    const [before = "", vm = ""] = out.slice(i - 1, i + 1);
    if (before.startsWith("resv") && before.slice(4) === vm.slice(2)) out.splice(i - 1, 2, vm, before);
  }
  return out;
}

/** Notes what happens during one request after the other. */
export class Observer {
  /** In order, since the last {@link Observer.take}. */
  events: unknown[] = [];
  readonly #panthor: Panthor;
  #freed: string[] = [];
  #vmBosFreed = 0;
  #before: Counted;
  #vmBosBefore: number;

  /** Listens to a device. */
  constructor(panthor: Panthor, names: Names, event: (vm: PanthorVm, event: MmuEvent) => unknown) {
    this.#panthor = panthor;
    panthor.onMmu = (vm, what) => {
      const told = event(vm, what);
      if (told !== null) this.events.push(told);
    };
    panthor.machine.dev.onFree = (what) => {
      if (what instanceof DrmGpuvmBo) this.#vmBosFreed++;
      const name = names.of(what as DrmGemObject | DrmGpuvmBo | DrmGpuvm);
      if (name !== null) this.#freed.push(name);
    };
    this.#before = this.#counted();
    this.#vmBosBefore = this.#vmBos();
  }

  /** What was seen since the last time, as members of an answer. */
  take(): Record<string, unknown> {
    const now = this.#counted();
    const before = this.#before;
    const out: Record<string, unknown> = {};
    for (const key of Object.keys(TALLIES) as (keyof typeof TALLIES)[]) {
      const grown: Record<string, number> = {};
      for (const [size, n] of now[key])
        if (n !== (before[key].get(size) ?? 0)) grown[size] = n - (before[key].get(size) ?? 0);
      out[key] = grown;
    }
    const vmBos = this.#vmBos();
    Object.assign(out, {
      tablesAllocated: now.tablesAllocated - before.tablesAllocated,
      tablesFreed: now.tablesFreed - before.tablesFreed,
      tablesLive: now.tablesLive,
      events: this.events,
      freed: inOrder(this.#freed),
      vmBosCreated: vmBos - this.#vmBosBefore + this.#vmBosFreed,
      vmBosDestroyed: this.#vmBosFreed,
    });
    this.events = [];
    this.#freed = [];
    this.#vmBosFreed = 0;
    this.#before = now;
    this.#vmBosBefore = vmBos;
    return out;
  }

  /** Over the VMs of programs. */
  #counted(): Counted {
    const sum = (name: keyof typeof TALLIES) => {
      const total = new Map<number, number>();
      for (const { pt, purpose } of this.#panthor.machine.vms) {
        if (purpose !== "program") continue;
        const tally: Tally = pt.counts[TALLIES[name]];
        for (const [key, n] of tally) total.set(key, (total.get(key) ?? 0) + n);
      }
      return total;
    };
    const tables = (name: "tablesAllocated" | "tablesFreed" | "tables") =>
      this.#panthor.machine.vms.reduce(
        (total, { pt, purpose }) => total + (purpose === "program" ? pt.counts[name] : 0),
        0,
      );
    return {
      leafWritten: sum("leafWritten"),
      leafCleared: sum("leafCleared"),
      leafDropped: sum("leafDropped"),
      tableEntriesWritten: sum("tableEntriesWritten"),
      tableEntriesCleared: sum("tableEntriesCleared"),
      tablesAllocated: tables("tablesAllocated"),
      tablesFreed: tables("tablesFreed"),
      tablesLive: tables("tables"),
    };
  }

  #vmBos(): number {
    return this.#panthor.machine.vms.reduce(
      (total, { vm }) => total + vm.bos.filter((vmBo) => vmBo !== null).length,
      0,
    );
  }
}
