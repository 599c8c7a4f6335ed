import { type Counted, type DrmDevice, GpuvmError, type Holder } from "@gpuvm/core";

/** What keeps its own count. */
export interface WithCount extends Counted {
  /** References. */
  refs: number;
}

/**
 * One reference more (`kref_get`).
 *
 * @throws GpuvmError `USE_AFTER_FREE` if there is none left to copy.
 */
export function takeRef(what: WithCount, dev: DrmDevice, holder: Holder): void {
  if (what.refs === 0)
    throw new GpuvmError(
      "USE_AFTER_FREE",
      `a reference is taken on ${what.name} after its last one was put`,
      [what.name],
    );
  what.refs++;
  dev.ledger?.get(what, holder);
}

/**
 * One reference less (`kref_put`), whatever follows from it.
 *
 * @returns whether it was the last
 * @throws GpuvmError `REFCOUNT` if there was none.
 */
export function dropRef(what: WithCount, dev: DrmDevice, holder: Holder): boolean {
  if (what.refs === 0)
    throw new GpuvmError("REFCOUNT", `the count of ${what.name} goes below 0`, [what.name]);
  dev.ledger?.put(what, holder);
  return --what.refs === 0;
}
