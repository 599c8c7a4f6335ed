import { type Counted, type DrmDevice, type Holder, STRAIGHT } from "@gpuvm/core";
import { dropRef, takeRef } from "./references.ts";

/** What a driver counts by itself on a device, and has references, oldest first; fences only while schedules are explored. */
export function liveKrefs(dev: DrmDevice): readonly Counted[] {
  return [...dev.counted];
}

/** It has references from now on. In a replay nobody asks who has. */
export function comesToLife(dev: DrmDevice, what: Counted): void {
  if (!STRAIGHT) dev.counted.add(what);
}

/** Its last reference went. */
export function dies(dev: DrmDevice, what: Counted): void {
  if (!STRAIGHT) dev.counted.delete(what);
}

/** Something of a driver that is counted beside BOs, vm_bos and VMs (`struct kref`): a queue, a file, a pool. */
export class Kref implements Counted {
  /** References. */
  refs = 1;
  /** Shown in findings: `queue#3`. */
  readonly name: string;
  readonly #dev: DrmDevice;
  #release: (() => void) | null;

  /** One reference, held by `holder`; `release` runs when the last one goes. */
  constructor(dev: DrmDevice, name: string, holder: Holder, release: () => void) {
    this.#dev = dev;
    this.name = name;
    this.#release = release;
    comesToLife(dev, this);
    if (dev.ledger !== null) dev.ledger.get(this, holder);
  }

  /**
   * Takes a reference (`kref_get`).
   *
   * @throws GpuvmError `USE_AFTER_FREE` if there is none left to copy.
   */
  get(holder: Holder): void {
    takeRef(this, this.#dev, holder);
  }

  /**
   * Drops a reference; the last one releases (`kref_put`).
   *
   * @returns whether it was the last
   * @throws GpuvmError `REFCOUNT` if there was none.
   */
  put(holder: Holder): boolean {
    if (!dropRef(this, this.#dev, holder)) return false;
    dies(this.#dev, this);
    const release = this.#release;
    this.#release = null;
    release?.();
    return true;
  }
}
