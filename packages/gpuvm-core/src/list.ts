/** Membership of one owner in one {@link List}, as the kernel's `list_head` embedded in a struct. */
export class ListNode<T> {
  /** The struct in which the node is embedded. */
  readonly owner: T;
  /** The node before, or null. */
  prev: ListNode<T> | null = null;
  /** The node behind, or null. */
  next: ListNode<T> | null = null;
  /** The list it is on, or null. */
  list: List<T> | null = null;

  /** A node of `owner`, on no list. */
  constructor(owner: T) {
    this.owner = owner;
  }

  /** Takes the node off its list; nothing happens where it is on none (`list_del_init`). */
  remove(): void {
    this.list?.delete(this);
  }
}

/** An intrusive doubly linked list: add, remove and splice without a search. */
export class List<T> {
  /** First node, or null. */
  head: ListNode<T> | null = null;
  /** Last node, or null. */
  tail: ListNode<T> | null = null;
  /** How many nodes are on the list. */
  length = 0;

  /** Appends; the node must be on no list (`list_add_tail`). */
  push(node: ListNode<T>): void {
    node.list = this;
    node.prev = this.tail;
    node.next = null;
    if (this.tail === null) this.head = node;
    else this.tail.next = node;
    this.tail = node;
    this.length++;
  }

  /** Puts a node that is on this list, on another one or on none, at the end of this one (`list_move_tail`). */
  moveToTail(node: ListNode<T>): void {
    const { prev, next, list } = node;
    if (list !== this || prev === null) {
      if (list !== null) list.delete(node);
      this.push(node);
      return;
    }
    if (next === null) return;
    const tail = this.tail as ListNode<T>;
    prev.next = next;
    next.prev = prev;
    tail.next = node;
    node.prev = tail;
    node.next = null;
    this.tail = node;
  }

  /** Puts a node that is on no list behind one of this list (`list_add`). */
  insertBehind(before: ListNode<T>, node: ListNode<T>): void {
    const { next } = before;
    if (next === null) {
      this.push(node);
      return;
    }
    node.list = this;
    node.prev = before;
    node.next = next;
    before.next = node;
    next.prev = node;
    this.length++;
  }

  /** Takes a node of this list off it. */
  delete(node: ListNode<T>): void {
    if (node.prev === null) this.head = node.next;
    else node.prev.next = node.next;
    if (node.next === null) this.tail = node.prev;
    else node.next.prev = node.prev;
    node.prev = null;
    node.next = null;
    node.list = null;
    this.length--;
  }

  /** Puts all of `other` before what is here, in its order; `other` is empty afterwards (`list_splice`). */
  spliceFront(other: List<T>): void {
    for (let node = other.tail; node !== null; node = other.tail) {
      other.delete(node);
      node.list = this;
      node.next = this.head;
      if (this.head === null) this.tail = node;
      else this.head.prev = node;
      this.head = node;
      this.length++;
    }
  }

  /** The first owner, or null. */
  first(): T | null {
    return this.head === null ? null : this.head.owner;
  }

  /** The owners in list order. Allocates: for dumps, not for hot paths. */
  toArray(): T[] {
    const out: T[] = [];
    for (let node = this.head; node !== null; node = node.next) out.push(node.owner);
    return out;
  }
}

/** A list that is walked with the lock dropped between steps: a VM's `extobj` and `evict`. */
export class WalkedList<T> {
  /** The list proper. */
  readonly list: List<T> = new List();
  /** The list of the walk in progress, or null (`local_list`). */
  local: List<T> | null = null;
}
