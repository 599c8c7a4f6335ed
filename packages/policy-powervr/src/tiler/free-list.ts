import {
  type Counted,
  EINVAL,
  ENOENT,
  ENOMEM,
  type Errno,
  gpuvaFindFirst,
  gpuvaObj,
  type Holder,
  type Steps,
} from "@gpuvm/core";
import { lock, preempt, unlock } from "@gpuvm/drm-model";
import type { PvrDevice } from "../device.ts";
import { PvrBo } from "../gem/bo.ts";
import { createFwObject, destroyFwObject, type PvrFwObject } from "../gem/fw-object.ts";
import type { PvrVmContext } from "../vm/vm-context.ts";

/** Bytes of one page of parameter memory (`ROGUE_BIF_PM_PHYSICAL_PAGE_SIZE`). */
const PM_PAGE = 4096;

/**
 * Parameter memory (`struct pvr_free_list`): holds the program's buffer that has the list, and the pages in it. The
 * file's handle and each HWRT dataset hold it.
 */
export interface PvrFreeList extends Counted {
  /** References. */
  refs: number;
  /** The program's buffer, looked up by its address. */
  readonly list: PvrBo;
  /** The pages: not mapped by GPUVM, the list has their physical addresses. */
  readonly blocks: PvrBo[];
  readonly fw: PvrFwObject;
}

/** What a program asks for. */
export interface FreeListArgs {
  readonly va: number;
  readonly initPages: number;
  readonly maxPages: number;
  readonly growPages: number;
}

/** `pvr_free_list_create`; -EINVAL, -ENOENT if nothing is mapped at the address, -ENOMEM. */
export function* createFreeList(
  ctx: PvrVmContext,
  args: FreeListArgs,
  holder: Holder,
): Steps<PvrFreeList | Errno> {
  const { pvr } = ctx;
  const { dev, machine } = pvr;
  const { va, initPages, maxPages, growPages } = args;
  if (initPages > maxPages || growPages > maxPages || maxPages === 0) return -EINVAL;
  if (growPages === 0 && initPages < maxPages) return -EINVAL;
  yield* preempt(dev, "alloc", "pvr_free_list_create");
  if (!dev.mayAlloc("pvr_free_list")) return -ENOMEM;
  const self = { name: `file#${dev.serial()} (free list)` };
  const list = yield* findGemObject(ctx, va, self);
  if (list === null) return -ENOENT;
  const fw = yield* createFwObject(pvr, 4096, self);
  if (typeof fw === "number") {
    list.put(self);
    return fw;
  }
  if (!dev.mayAlloc("pvr free list pages")) {
    yield* destroyFwObject(pvr, fw, self);
    list.put(self);
    return -ENOMEM;
  }
  // pvr_free_list_grow
  const block = new PvrBo(machine, { size: Math.max(1, initPages) * PM_PAGE, holder: self });
  block.pages = "resident";
  const freeList: PvrFreeList = { name: self.name, refs: 1, list, fw, blocks: [block] };
  dev.ledger?.get(freeList, holder);
  return freeList;
}

/** Takes a reference. */
export function getFreeList(pvr: PvrDevice, list: PvrFreeList, holder: Holder): void {
  list.refs++;
  pvr.dev.ledger?.get(list, holder);
}

/** `pvr_free_list_put`; the last one gives everything back (`pvr_free_list_release`). */
export function* putFreeList(pvr: PvrDevice, list: PvrFreeList, holder: Holder): Steps<void> {
  pvr.dev.ledger?.put(list, holder);
  if (--list.refs > 0) return;
  for (const block of list.blocks.splice(0)) block.put(list);
  yield* destroyFwObject(pvr, list.fw, list);
  list.list.put(list);
}

/** The object that is mapped at an address, with a reference (`pvr_vm_find_gem_object`), or null. */
function* findGemObject(ctx: PvrVmContext, va: number, holder: Holder): Steps<PvrBo | null> {
  const { dev } = ctx.pvr;
  yield* lock(dev, ctx.lock, "pvr_vm_find_gem_object");
  const found = gpuvaFindFirst(ctx.vm, va, 1);
  const bo = found === 0 ? null : (gpuvaObj(ctx.vm, found) as PvrBo);
  bo?.get(holder);
  unlock(dev, ctx.lock);
  return bo;
}
