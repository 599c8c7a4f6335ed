import { isAligned, within } from "@gpuvm/drm-model";
import type { XePt } from "./xe-pt.ts";

/** What one call of a walk's function decides (`enum page_walk_action`). */
export type WalkAction = "continue" | "subtree";

/** A walk over tables (`struct xe_pt_walk`). Functions answer -errno to end it, else 0. */
export interface PtWalk {
  /** Entry sizes by level; a function may change them as it goes down. */
  sizes: readonly number[];
  /** Follows what is staged rather than what is committed. */
  readonly staging: boolean;
  /** Tables that belong to the range alone are skipped. */
  sharedOnly: boolean;
  /** What to do at the entry that was just looked at. */
  action: WalkAction;
  /** The table below it, or null; a function may put a new one there. */
  child: XePt | null;
  /** Called for each entry that the range touches (`pt_entry`). */
  entry(parent: XePt | null, offset: number, level: number, addr: number, next: number): number;
  /** Called, by a walk that has it, in place of `entry` for all entries of a table of pages that the range touches. */
  pages?(table: XePt, offset: number, addr: number, end: number): number;
  /** Called when a table below has been walked (`pt_post_descend`). */
  postDescend?(parent: XePt | null, child: XePt, level: number, addr: number, next: number): number;
}

/** Index of the entry for an address in a table of a level (`xe_pt_offset`). */
export function ptOffset(addr: number, level: number, sizes: readonly number[]): number {
  const above = sizes[level + 1];
  const inside = above === undefined ? addr : within(addr, above);
  return Math.floor(inside / (sizes[level] as number));
}

/** Whether a range is exactly one entry of a level (`xe_pt_covers`). */
export function ptCovers(addr: number, end: number, level: number, sizes: readonly number[]): boolean {
  const size = sizes[level] as number;
  return end - addr === size && isAligned(addr, size);
}

/** How many entries of a level a range touches (`xe_pt_num_entries`). */
export function ptNumEntries(addr: number, end: number, level: number, sizes: readonly number[]): number {
  const size = sizes[level] as number;
  return Math.ceil(end / size) - Math.floor(addr / size);
}

/** Walks a range of a table and of those below it (`xe_pt_walk_range`). */
export function walkRange(parent: XePt, level: number, addr: number, end: number, walk: PtWalk): number {
  const tables = walk.staging ? parent.staging : parent.children;
  let offset = ptOffset(addr, level, walk.sizes);
  if (level === 0 && walk.pages !== undefined) return walk.pages(parent, offset, addr, end);
  for (let at = addr; at < end; ) {
    const size = walk.sizes[level] as number;
    let next = Math.min((Math.floor(at / size) + 1) * size, end);
    let step = 1;
    if (!(walk.sharedOnly && ptCovers(at, next, level, walk.sizes))) {
      const err = walkEntry(parent, tables?.[offset] ?? null, offset, level, at, next, walk);
      if (err !== 0) return err;
    }
    if (walk.sharedOnly && next !== end) {
      // Only the first and the last entry can be of a table that is shared.
      const last = Math.floor(end / size) * size;
      if (last > next) {
        step += (last - next) / size;
        next = last;
      }
    }
    at = next;
    offset += step;
  }
  return 0;
}

function walkEntry(
  parent: XePt,
  below: XePt | null,
  offset: number,
  level: number,
  addr: number,
  next: number,
  walk: PtWalk,
): number {
  walk.action = "subtree";
  walk.child = below;
  const err = walk.entry(parent, offset, level, addr, next);
  const { child } = walk;
  if (err !== 0 || level === 0 || child === null || (walk.action as WalkAction) === "continue") return err;
  const failed = walkRange(child, level - 1, addr, next, walk);
  if (failed !== 0 || walk.postDescend === undefined) return failed;
  return walk.postDescend(parent, child, level, addr, next);
}

/** Walks only the tables that a range shares with others, and the root, whose parent is null (`xe_pt_walk_shared`). */
export function walkShared(root: XePt, addr: number, end: number, walk: PtWalk): number {
  walk.sharedOnly = true;
  walk.action = "subtree";
  walk.child = root;
  const err = walk.entry(null, 0, root.level + 1, addr, end);
  if (err !== 0 || walk.action !== "subtree") return err;
  const failed = walkRange(root, root.level, addr, end, walk);
  if (failed !== 0 || walk.postDescend === undefined) return failed;
  return walk.postDescend(null, root, root.level + 1, addr, end);
}

/** The entries of a table that a range has for itself (`xe_pt_nonshared_offsets`). */
export function nonsharedOffsets(
  addr: number,
  end: number,
  level: number,
  walk: PtWalk,
): { readonly offset: number; readonly end: number } | null {
  const size = walk.sizes[level] as number;
  let offset = ptOffset(addr, level, walk.sizes);
  let endOffset = offset + ptNumEntries(addr, end, level, walk.sizes);
  if (level === 0) return { offset, end: endOffset };
  walk.action = "continue";
  if (!isAligned(addr, size)) {
    walk.action = "subtree";
    offset++;
  }
  if (!isAligned(end, size)) {
    walk.action = "subtree";
    endOffset--;
  }
  return endOffset > offset ? { offset, end: endOffset } : null;
}
