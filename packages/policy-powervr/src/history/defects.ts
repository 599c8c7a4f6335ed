import { EINVAL, finish, gpuvaLink, gpuvaObj } from "@gpuvm/core";
import { mapEntries } from "../vm/bind-op.ts";
import { addrAndSizeValid } from "../vm/map.ts";
import { unmapRange } from "../vm/unmap.ts";
import { CURRENT } from "./current.ts";
import { editUnlocked } from "./edit-unlocked.ts";
import type { PvrRules } from "./rules.ts";

/** Defects that the driver once had, by their number in the catalogue of bugs: what each did in place of 7.3.4. */
const DEFECTS: Readonly<Record<string, Partial<PvrRules>>> = {
  /** Before 0d3abd456be4 the struct, which the core's VM is a part of, went with the driver's count. */
  P1: {
    outlived(ctx) {
      const what = `${ctx.name} is freed while ${ctx.vm.refs} references of others hold the VM in it`;
      ctx.pvr.machine.hazard("use-after-free", ctx.vm.name, what);
    },
  },
  /** Before b04ce1e718bd (CVE-2024-53084) mappings stayed to a VM that fences keep alive. */
  P2: {
    *unmapKept() {},
  },
  /** Before a5c4c3ba95a5 an unmap took any range, and edited lists of objects whose dma_resv it did not hold. */
  P3: {
    *unmap(ctx, addr, size) {
      if (!addrAndSizeValid(ctx, addr, size)) return -EINVAL;
      return yield* unmapRange(ctx, null, addr, size, "program");
    },
    *lockCovered() {
      return 0;
    },
    edit: editUnlocked,
  },
  /** Before 3f6b2f60b463 an unlinked VA was never freed. */
  P4: {
    freeVa() {},
  },
  /** The pieces of a remap went to the vm_bo of the new object, or, for an unmap, to none: a null pointer. */
  P5: {
    ownerOfPieces(op, cut) {
      if (op.vmBo !== null) return op.vmBo;
      op.ctx.pvr.dev.warn("pvr_vm_gpuva_remap links a piece to no vm_bo: a null pointer dereference");
      return cut;
    },
    linkPiece(ctx, va, owner) {
      gpuvaObj(ctx.vm, va)?.get("va#0 of a remap, for ever");
      gpuvaLink(ctx.vm, va, owner);
    },
  },
  /** Before df1a1ed5e1bd the context went at once, whatever locks the last put of the fence was under. */
  P6: {
    putContextOfFence: (fence) => finish(fence.ctx.put(fence)),
  },
  /** An error of the page tables was forgotten: the VA is there, its entries are not. */
  P7: {
    mapEntries: (op, map) => (op.ctx.pvr.dev.mayAlloc("pvr_mmu_map") ? mapEntries(op, map) : 0),
  },
  /** Before 4ba2abe154ef (CVE-2025-37763) a fragment job looked at its geometry job, and did not hold it. */
  P8: {
    holdsPaired: false,
  },
  /** Before 68c3de7f707e a job that was prepared again initialised its fence again: the first one's context is never put. */
  P9: {
    initFenceAgain: (ctx) => void ctx.get({ name: "a fence that was initialised again" }),
  },
  /** Before 17e2030f3760 a map changed the tree without the lock, between an unmap's look at a mapping and its reference on the object. */
  P10: {
    locksToMap: false,
  },
};

/** The rules with some defects in. */
export function rulesWith(defects: ReadonlySet<string>): PvrRules {
  return Object.assign({}, CURRENT, ...[...defects].map((id) => DEFECTS[id]));
}
