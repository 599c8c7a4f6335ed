/** A fresh queue has room for so many. */
const ROOM = 16;

/**
 * A queue that keeps its room when it runs empty. An array that is emptied gives its memory back, and asks for it again with the
 * next element: queues that mostly have one element or none do little else.
 */
export class Fifo<T> {
  #items: (T | undefined)[] = new Array<T | undefined>(ROOM).fill(undefined);
  #from = 0;
  #to = 0;

  /** How many wait. */
  get length(): number {
    return this.#to - this.#from;
  }

  /** The oldest; undefined: there is none. */
  get first(): T | undefined {
    return this.#items[this.#from];
  }

  /** The one before which `i` others came. */
  at(i: number): T | undefined {
    return i < this.length ? this.#items[this.#from + i] : undefined;
  }

  /** Behind all others. */
  push(item: T): void {
    if (this.#to === this.#items.length) this.#moveUp();
    this.#items[this.#to++] = item;
  }

  /** Takes the oldest off; undefined: there is none. */
  shift(): T | undefined {
    const from = this.#from;
    if (from === this.#to) return undefined;
    const item = this.#items[from];
    this.#items[from] = undefined;
    if (from + 1 === this.#to) this.#from = this.#to = 0;
    else this.#from = from + 1;
    return item;
  }

  /** Before the one before which `i` others came. */
  insert(i: number, item: T): void {
    this.push(item);
    const items = this.#items;
    const at = this.#from + i;
    items.copyWithin(at + 1, at, this.#to - 1);
    items[at] = item;
  }

  /** Takes out the one before which `i` others came. */
  takeAt(i: number): T | undefined {
    if (i === 0) return this.shift();
    const items = this.#items;
    const at = this.#from + i;
    const item = items[at];
    items.copyWithin(at, at + 1, this.#to);
    items[--this.#to] = undefined;
    return item;
  }

  /** At which place the first is of which `is` holds; -1: of none. */
  findIndex(is: (item: T) => boolean): number {
    for (let i = this.#from; i < this.#to; i++) if (is(this.#items[i] as T)) return i - this.#from;
    return -1;
  }

  /** The places before the oldest are free; where they are few, there will be twice as many. */
  #moveUp(): void {
    const items = this.#items;
    const from = this.#from;
    const n = this.#to - from;
    if (2 * from < items.length) {
      this.#items = items.slice(from, this.#to);
      for (let i = n; i < 2 * items.length; i++) this.#items.push(undefined);
    } else {
      items.copyWithin(0, from, this.#to);
      items.fill(undefined, n);
    }
    this.#from = 0;
    this.#to = n;
  }
}
