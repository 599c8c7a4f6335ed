/** Where an object's memory is (`XE_PL_SYSTEM`, `XE_PL_TT`, `XE_PL_VRAM0`): pages, pages that the GPU reaches, or its own. */
export type Place = "system" | "tt" | "vram";

/** Private objects of one VM that move together (`struct ttm_lru_bulk_move`), in one place. */
export class BulkMove<T> {
  /** In order. */
  readonly members: Set<T> = new Set();
}

/**
 * Objects of one place, the longest unused first (the list of a `struct ttm_resource_manager`). Private objects of a VM that
 * still have their handle lie side by side, and move as one.
 */
export class Lru<T> {
  readonly entries: Set<T | BulkMove<T>> = new Set();

  /** A resource is made here: the object goes to the end, or to the end of its VM's. */
  add(bo: T, bulk: BulkMove<T> | null): void {
    if (bulk === null) {
      this.entries.add(bo);
      return;
    }
    bulk.members.add(bo);
    this.entries.add(bulk);
  }

  /** Its resource here is gone. */
  remove(bo: T, bulk: BulkMove<T> | null): void {
    this.entries.delete(bo);
    if (bulk?.members.delete(bo) && bulk.members.size === 0) this.entries.delete(bulk);
  }

  /** An object does not move with its VM's any more (`ttm_bo_set_bulk_move` to none): it stays beside them. */
  leave(bo: T, bulk: BulkMove<T>): void {
    if (!bulk.members.delete(bo)) return;
    // A set has no middle to put it in: what is behind the VM's is put behind it. That is little, as the VM was used lately.
    const entries = [...this.entries];
    const at = entries.lastIndexOf(bulk);
    if (bulk.members.size === 0) this.entries.delete(bulk);
    if (at >= 0) this.entries.add(bo);
    for (let i = at + 1; at >= 0 && i < entries.length; i++) this.bump(entries[i] as T | BulkMove<T>);
  }

  /** It was used: to the end (`ttm_bo_move_to_lru_tail`). */
  bump(entry: T | BulkMove<T>): void {
    if (this.entries.delete(entry)) this.entries.add(entry);
  }

  /** In order; what moves to the end meanwhile is met again. */
  *walk(): Generator<T, void> {
    for (const entry of this.entries) {
      if (entry instanceof BulkMove) for (const bo of entry.members as Set<T>) yield bo;
      else yield entry as T;
    }
  }
}
