import type { DmaFence, DmaResv, DrmGpuvm, DrmGpuvmBo, WwTicket } from "@gpuvm/core";

/** What is rare in an object, and known only together with all others: what it is to this state. */
export class Rare {
  /** Mappings by number, and times. */
  numbers: number[] = NOTHING;
  /** Timelines of fences. */
  timelines: number[] = NOTHING;
  tickets: WwTicket[] = NOTHING;
  /** VMs whose rows were hashed. */
  vms: DrmGpuvm[] = NOTHING;
  /** Links whose lists of mappings are part of the object: they change without a write to it. */
  links: DrmGpuvmBo[] = NOTHING;
  /** Whose fences are part of the object: that one signals is no write to it. */
  resvs: DmaResv[] = NOTHING;
  /** Fences that are waited for: those that have signalled are none any more, and that is no write to the object. */
  waits: (readonly DmaFence[])[] = NOTHING;

  /** Adds one to a list of it. */
  add<K extends keyof Lists>(list: K, value: Lists[K][number]): void {
    const known = this[list] as Lists[K][number][];
    if (known === NOTHING) this[list] = [value] as never;
    else known.push(value);
  }
}

type Lists = Pick<Rare, "numbers" | "timelines" | "tickets" | "vms" | "links" | "resvs" | "waits">;

/** Most lists of most objects. */
const NOTHING: never[] = [];

/** The hash of a content with the numbers of those that it leads to, which the setup has made. */
export interface Fixed {
  readonly a: number;
  readonly b: number;
}

/**
 * What an object holds, as long as nobody writes to it: a hash of all that stands by itself, and in order the objects that it leads
 * to, whose numbers are those of each state.
 */
export interface Content<Ref extends object = object> {
  readonly a: number;
  readonly b: number;
  readonly refs: readonly Ref[];
  /** What it comes to with them, once that is known; only where it is the same in all states. */
  fixed: Fixed | null;
  readonly rare: Rare | null;
  /** Nonzero: it holds captured variables, as they were when this was the log's era. */
  readonly era: number;
}
