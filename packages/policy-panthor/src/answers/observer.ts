import { type DrmGemObject, type DrmGpuvm, DrmGpuvmBo } from "@gpuvm/core";
import type { MmuEvent, Panthor } from "../device.ts";
import type { PanthorVm } from "../mmu/vm.ts";
import { inOrder } from "./freed.ts";
import type { Names } from "./names.ts";
import { Tables } from "./tables.ts";

/** Notes what happens during one request after the other. */
export class Observer {
  /** In order, since the last {@link Observer.take}. */
  events: unknown[] = [];
  #freed: string[] = [];
  #vmBosFreed = 0;
  readonly #tables: Tables;

  /** Listens to a device. */
  constructor(panthor: Panthor, names: Names, event: (vm: PanthorVm, event: MmuEvent) => unknown) {
    panthor.onMmu = (vm, what) => {
      const told = event(vm, what);
      if (told !== null) this.events.push(told);
    };
    panthor.machine.dev.onFree = (what) => {
      if (what instanceof DrmGpuvmBo) this.#vmBosFreed++;
      const name = names.of(what as DrmGemObject | DrmGpuvmBo | DrmGpuvm);
      if (name !== null) this.#freed.push(name);
    };
    this.#tables = new Tables(panthor);
  }

  /** What was seen since the last time, as members of an answer. */
  take(): Record<string, unknown> {
    const out = {
      ...this.#tables.take(this.#vmBosFreed),
      events: this.events,
      freed: inOrder(this.#freed),
    };
    this.events = [];
    this.#freed = [];
    this.#vmBosFreed = 0;
    return out;
  }
}
