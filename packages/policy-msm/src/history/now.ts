import type { Steps } from "@gpuvm/core";
import type { History } from "./history.ts";

function* nothing(): Steps<void> {}

/** As Linux 7.3.4 does it. */
export const NOW: History = {
  vmToBind: (_ctx, made) => made(),
  lookupFailed() {},
  beyondTheEnd: (bo, { boOffset, range }) => boOffset + range > bo.size,
  rangeToLock: ({ range }) => range,
  mayBeMapped: ({ privateResv }, { rObj }) => privateResv === null || privateResv === rObj,
  beforeUnpin: nothing,
  outFenceOnError: nothing,
  submitFailed() {},
  preallocFailed() {},
  newFailed() {},
  released() {},
  closeEmptiesVm: true,
  closeWaitsForWork: true,
};
