import { List, ListNode } from "@gpuvm/core";

/** Where an object's memory is (`XE_PL_SYSTEM`, `XE_PL_TT`, `XE_PL_VRAM0`): pages, pages that the GPU reaches, or its own. */
export type Place = "system" | "tt" | "vram";

/** What lies in an {@link Lru}: an object, objects that move as one, or the place of a walk. */
export type LruItem<T> = T | BulkMove<T> | typeof HERE;

/** An object's place in an {@link Lru} (`ttm_resource.lru`). */
export type LruNode<T> = ListNode<LruItem<T>>;

/** The owner of a walk's place (`struct ttm_resource_cursor`). */
const HERE: unique symbol = Symbol("a walk is here");

/** Private objects of one VM that move together (`struct ttm_lru_bulk_move`), in one place. */
export class BulkMove<T> {
  /** In order, with the places of walks. */
  readonly members: List<LruItem<T>> = new List();
  /** How many objects. */
  size = 0;
  /** Where they lie among the others. */
  readonly node: LruNode<T> = new ListNode<LruItem<T>>(this);
}

/**
 * Objects of one place, the longest unused first (the list of a `struct ttm_resource_manager`). Private objects of a VM that
 * still have their handle lie side by side, and move as one.
 */
export class Lru<T> {
  readonly #items: List<LruItem<T>> = new List();

  /** A resource is made here: the object goes to the end, or to the end of its VM's. */
  add(bo: LruNode<T>, bulk: BulkMove<T> | null): void {
    if (bulk === null) {
      this.#items.push(bo);
      return;
    }
    bulk.members.push(bo);
    bulk.size++;
    if (bulk.node.list === null) this.#items.push(bulk.node);
  }

  /** Its resource here is gone. */
  remove(bo: LruNode<T>, bulk: BulkMove<T> | null): void {
    const isMember = bulk !== null && bo.list === bulk.members;
    bo.remove();
    if (isMember && --bulk.size === 0) bulk.node.remove();
  }

  /** An object does not move with its VM's any more (`ttm_bo_set_bulk_move` to none): it stays beside them. */
  leave(bo: LruNode<T>, bulk: BulkMove<T>): void {
    if (bo.list !== bulk.members) return;
    bo.remove();
    this.#items.insertBehind(bulk.node, bo);
    if (--bulk.size === 0) bulk.node.remove();
  }

  /** It was used: to the end (`ttm_bo_move_to_lru_tail`). */
  bump(node: LruNode<T>): void {
    if (node.list === this.#items) this.#items.moveToTail(node);
  }

  /** In order; what moves to the end meanwhile is met again. */
  *walk(): Generator<T, void> {
    for (const item of walked(this.#items)) {
      if (!(item instanceof BulkMove)) yield item;
      else for (const bo of walked(item.members)) yield bo as T;
    }
  }
}

/** The items of a list that changes meanwhile: the walk's own place lies behind the one that is looked at. */
function* walked<T>(list: List<LruItem<T>>): Generator<T | BulkMove<T>, void> {
  const here: LruNode<T> = new ListNode<LruItem<T>>(HERE);
  try {
    for (let node = list.head; node !== null; node = here.next) {
      here.remove();
      list.insertBehind(node, here);
      if (node.owner !== HERE) yield node.owner as T | BulkMove<T>;
    }
  } finally {
    here.remove();
  }
}
