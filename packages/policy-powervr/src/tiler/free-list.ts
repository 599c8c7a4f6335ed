import {
  type Counted,
  EINVAL,
  ENOMEM,
  type Errno,
  gpuvaFindFirst,
  gpuvaObj,
  type Holder,
  Lock,
  type Steps,
} from "@gpuvm/core";
import { lock, preempt, unlock } from "@gpuvm/drm-model";
import type { PvrDevice } from "../device.ts";
import { createBo, PM_FW_PROTECT, type PvrBo } from "../gem/bo.ts";
import { createFwObject, unmapAndDestroyFwObject } from "../gem/fw-object.ts";
import type { PvrFwObject } from "../gem/pvr-fw-object.ts";
import type { PvrVmContext } from "../vm/vm-context.ts";

/** Bytes of one page of parameter memory (`ROGUE_BIF_PM_PHYSICAL_PAGE_SIZE`). */
export const PM_PAGE = 4096;
/** Bytes of one entry of a list (`FREE_LIST_ENTRY_SIZE`), and how many pages go together (`FREE_LIST_ALIGNMENT`). */
const ENTRY = 4;
const TOGETHER = 4;
/** Pages that a local free list must have (`FREE_LIST_MIN_PAGES`; GPUs with the feature roguexe want fewer). */
export const MIN_PAGES = 50;

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
  /** How many pages are in the list, without those that are kept ready. */
  currentPages: number;
  /** How many the firmware may take at once when it runs out, while it asks for more. */
  readyPages: number;
  readonly maxPages: number;
  /** How many come at a time. */
  readonly growPages: number;
  /** Per cent of its pages that are kept ready. */
  readonly growThreshold: number;
  /** Who changes the pages (`free_list->lock`). */
  readonly lock: Lock;
  readonly fw: PvrFwObject;
}

/** What a program asks for. */
export interface FreeListArgs {
  readonly va: number;
  readonly initPages: number;
  readonly maxPages: number;
  readonly growPages: number;
  /** Per cent; default: 0. */
  readonly growThreshold?: number;
}

/**
 * `pvr_free_list_create`.
 *
 * @returns the list, with a reference of `holder`; -EINVAL for numbers that make no sense, an address where nothing is
 *   mapped, and memory that is too small or not PM_FW_PROTECT; -ENOMEM
 */
export function* createFreeList(
  ctx: PvrVmContext,
  args: FreeListArgs,
  holder: Holder,
): Steps<PvrFreeList | Errno> {
  const { pvr } = ctx;
  const { dev } = pvr;
  yield* preempt(dev, "alloc", "pvr_free_list_create");
  if (!dev.mayAlloc("pvr_free_list")) return -ENOMEM;
  if (!valid(args)) return -EINVAL;
  const name = `free_list#${dev.serial()}`;
  const self = { name };
  const found = yield* findGemObject(ctx, args.va, self);
  if (found === null) return -EINVAL;
  const { bo: list, bytes } = found;
  if ((list.flags & PM_FW_PROTECT) === 0 || bytes < args.maxPages * ENTRY) {
    list.put(self);
    return -EINVAL;
  }
  const fw = yield* createFwObject(pvr, 4096, self, "mapped");
  if (typeof fw === "number") {
    list.put(self);
    return fw;
  }
  const { initPages, maxPages, growPages, growThreshold = 0 } = args;
  const lock = new Lock(`lock of ${name}`, "pvr_free_list.lock", dev.lockdep);
  const pages = { currentPages: 0, readyPages: 0, maxPages, growPages, growThreshold };
  const freeList: PvrFreeList = { name, refs: 1, list, fw, blocks: [], ...pages, lock };
  const ret = yield* growFreeList(pvr, freeList, initPages);
  if (ret !== 0) {
    list.put(self);
    yield* unmapAndDestroyFwObject(pvr, fw, self);
    return ret;
  }
  // Its number for the firmware (`fw_id`).
  pvr.freeLists.add(freeList);
  dev.ledger?.get(freeList, holder);
  return freeList;
}

/** `pvr_free_list_grow`, of a list that nobody else knows, or under its lock; -EINVAL, -ENOMEM. */
export function* growFreeList(pvr: PvrDevice, list: PvrFreeList, pages: number): Steps<Errno> {
  if (pages % TOGETHER !== 0) return -EINVAL;
  if (!pvr.dev.mayAlloc("pvr_free_list_node")) return -ENOMEM;
  const block = yield* createBo(pvr.machine, pages * PM_PAGE, 0, list);
  if (typeof block === "number") return block;
  list.blocks.push(block);
  list.currentPages += pages;
  // calculate_free_list_ready_pages_locked
  const ready = Math.min(Math.floor((list.currentPages * list.growThreshold) / 100), list.growPages);
  list.readyPages = ready - (ready % TOGETHER);
  list.currentPages -= list.readyPages;
  return 0;
}

/** What `free_list_create_kernel_structure` asks of the numbers. */
function valid({ initPages, maxPages, growPages, growThreshold = 0 }: FreeListArgs): boolean {
  if (growThreshold > 100 || initPages > maxPages || growPages > maxPages || maxPages === 0) return false;
  if (initPages < maxPages !== growPages > 0) return false;
  return [initPages, maxPages, growPages].every((pages) => pages % TOGETHER === 0);
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
  pvr.freeLists.delete(list);
  pvr.trace?.(["cleanup", "freelist"]);
  for (const block of list.blocks.splice(0)) block.put(list);
  list.list.put(list);
  yield* unmapAndDestroyFwObject(pvr, list.fw, list);
}

/** The object that is mapped at an address, with a reference, and the bytes of the mapping (`pvr_vm_find_gem_object`). */
function* findGemObject(
  ctx: PvrVmContext,
  va: number,
  holder: Holder,
): Steps<{ readonly bo: PvrBo; readonly bytes: number } | null> {
  const { dev } = ctx.pvr;
  yield* lock(dev, ctx.lock, "pvr_vm_find_gem_object");
  const found = gpuvaFindFirst(ctx.vm, va, 1);
  const bo = found === 0 ? null : (gpuvaObj(ctx.vm, found) as PvrBo);
  bo?.get(holder);
  const bytes = found === 0 ? 0 : ctx.vm.vas.range(found);
  unlock(dev, ctx.lock);
  return bo === null ? null : { bo, bytes };
}
