import { type Checksum, page } from "../checksum.ts";
import { Request, type Subject } from "../subject.ts";
import type { Mapping, PeerStore } from "./store.ts";

/** Split and merge on top of an ordered structure: the same steps as the core's, without links to objects. */
export class PeerSubject implements Subject<number> {
  readonly objects: readonly number[] = Array.from({ length: 65 }, (_, i) => i);
  readonly request: Request<number> = new Request(1);
  readonly sum: Checksum;
  readonly #store: PeerStore;
  readonly #met: Mapping[] = [];

  /** `store` is empty. */
  constructor(store: PeerStore, sum: Checksum) {
    this.#store = store;
    this.sum = sum;
    store.insert({ addr: 0, range: 65536, offset: 0, obj: 0 });
  }

  map(): void {
    const { addr, range, offset, obj } = this.request;
    this.#clear(addr, addr + range, offset, obj);
    const { sum } = this;
    sum.steps++;
    sum.take(page(addr) + 1);
    if (sum.wantsFull) sum.takeFull({ kind: 1, addr, range, object: obj, offset });
    this.#store.insert({ addr, range, offset, obj });
  }

  unmap(): void {
    const { addr, range } = this.request;
    this.#clear(addr, addr + range, 0, 0);
  }

  find(): boolean {
    const { addr, range } = this.request;
    this.#met.length = 0;
    this.#store.overlapping(addr, addr + range, this.#met);
    const first = this.#met[0];
    if (first === undefined) return false;
    this.sum.take(page(first.addr));
    return true;
  }

  walk(passes: number): void {
    for (let i = 0; i < passes; i++) {
      this.#store.each((m) => {
        this.sum.take(page(m.addr));
      });
    }
  }

  live(): number {
    return this.#store.size() - 1;
  }

  #clear(addr: number, end: number, offset: number, obj: number): void {
    const met = this.#met;
    met.length = 0;
    this.#store.overlapping(addr, end, met);
    for (const old of met)
      this.#cut(old, addr, end, obj !== 0 && old.obj === obj && old.offset - old.addr === offset - addr);
  }

  #cut(old: Mapping, addr: number, end: number, keep: boolean): void {
    const store = this.#store;
    const oldEnd = old.addr + old.range;
    const { sum } = this;
    sum.steps++;
    if (old.addr >= addr && oldEnd <= end) {
      sum.take(page(old.addr) + (keep ? 4 : 3));
      if (sum.wantsFull) this.#full(3, old, keep);
      store.remove(old);
      return;
    }
    const prev = old.addr < addr ? { ...old, range: addr - old.addr } : null;
    const next =
      oldEnd > end
        ? { addr: end, range: oldEnd - end, offset: old.offset + (end - old.addr), obj: old.obj }
        : null;
    sum.take(page(old.addr) + 2);
    if (prev !== null) sum.take(page(prev.range));
    if (next !== null) sum.take(page(next.addr));
    if (sum.wantsFull) this.#full(2, old, keep, [prev, next]);
    store.remove(old);
    if (prev !== null) store.insert(prev);
    if (next !== null) store.insert(next);
  }

  #full(kind: 2 | 3, old: Mapping, keep: boolean, pieces?: (Mapping | null)[]): void {
    const { addr, range, offset, obj: object } = old;
    const facts = { kind, addr, range, object, offset, keep };
    if (pieces === undefined) this.sum.takeFull(facts);
    else {
      const numbers = pieces.map((p) => (p === null ? null : ([p.addr, p.range, p.offset] as const)));
      this.sum.takeFull({ ...facts, pieces: numbers });
    }
  }
}
