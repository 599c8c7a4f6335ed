import { gpuvaFree, gpuvaLink } from "@gpuvm/core";
import { unmapKept } from "../queue/kept-contexts.ts";
import { putContextByWorker } from "../queue/queue-fence.ts";
import { mapEntries } from "../vm/bind-op.ts";
import { lockCovered } from "../vm/map.ts";
import { unmapExact } from "../vm/unmap.ts";
import type { PvrRules } from "./rules.ts";

/** 7.3.4. */
export const CURRENT: PvrRules = {
  unmap: unmapExact,
  lockCovered,
  edit: (_ctx, _obj, change) => change(),
  mapEntries,
  ownerOfPieces: (_op, cut) => cut,
  linkPiece: (ctx, va, owner) => gpuvaLink(ctx.vm, va, owner),
  freeVa: (ctx, va) => gpuvaFree(ctx.vm, va),
  outlived: () => {},
  putContextOfFence: putContextByWorker,
  initFenceAgain: () => {},
  locksToMap: true,
  holdsPaired: true,
  unmapKept,
};
