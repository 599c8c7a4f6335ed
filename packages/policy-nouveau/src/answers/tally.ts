import type { Answer } from "@gpuvm/conformance";
import type { MmuEvent } from "../mmu/vmm.ts";

/** What the recorder of the driver's own code noted during one request. */
export class Tally {
  events: (readonly (string | number)[] | string)[] = [];
  #leafWritten: Record<string, number> = {};
  #leafCleared: Record<string, number> = {};
  #allocated = 0;
  #freed = 0;
  #live = 0;

  /** Something happened to page tables or the TLB. */
  readonly mmu = (event: MmuEvent): void => {
    if (event[0] === "map") add(this.#leafWritten, event[1], event[2]);
    else if (event[0] === "unmap") add(this.#leafCleared, event[1], event[2]);
    else {
      this.events.push(event);
      if (event[0] === "table get") this.#allocated++;
      if (event[0] === "table put") this.#freed++;
    }
  };

  /** A request begins. */
  begin(): void {
    this.#live += this.#allocated - this.#freed;
    this.events = [];
    this.#leafWritten = {};
    this.#leafCleared = {};
    this.#allocated = 0;
    this.#freed = 0;
  }

  /** The members of an answer that are about page tables, so far. */
  answer(): Answer {
    return {
      leafWritten: this.#leafWritten,
      leafCleared: this.#leafCleared,
      tablesAllocated: this.#allocated,
      tablesFreed: this.#freed,
      tablesLive: this.#live + this.#allocated - this.#freed,
      events: this.events,
    };
  }
}

function add(to: Record<string, number>, key: number, n: number): void {
  to[key] = (to[key] ?? 0) + n;
}
