import { describe, expect, it } from "vitest";
import { BlockIndex } from "../src/block-index.ts";
import type { Gpuva } from "../src/index.ts";
import { VaTable } from "../src/va-table.ts";
import { random, shuffle } from "./support/random.ts";

/** A sorted array, searched by halving: the same map, without blocks. */
class Model {
  readonly keys: number[] = [];
  readonly ids: Gpuva[] = [];

  /** Position of the last key at or below `key`, or -1. */
  floor(key: number): number {
    let lo = 0;
    let hi = this.keys.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if ((this.keys[mid] as number) <= key) lo = mid + 1;
      else hi = mid;
    }
    return lo - 1;
  }

  insert(key: number, id: Gpuva): void {
    const at = this.floor(key) + 1;
    this.keys.splice(at, 0, key);
    this.ids.splice(at, 0, id);
  }

  remove(key: number): void {
    const at = this.floor(key);
    this.keys.splice(at, 1);
    this.ids.splice(at, 1);
  }
}

/** Puts a row into the index, where it fits. */
function put(index: BlockIndex, vas: VaTable, id: Gpuva): boolean {
  index.key = vas.addr(id);
  index.bound = vas.end(id);
  return index.insert(id);
}

/** Index and model side by side. Every operation compares what can be seen beside the cursor. */
class Pair {
  readonly vas = new VaTable();
  readonly index = new BlockIndex(this.vas);
  readonly model = new Model();

  insert(key: number): void {
    const id = this.vas.alloc();
    this.vas.set(id, key, 1, 0, 0);
    if (!put(this.index, this.vas, id)) throw new Error(`insert ${key}: refused`);
    this.model.insert(key, id);
    if (this.index.current() !== id) throw new Error(`insert ${key}: not under the cursor`);
    this.behind(`insert ${key}`, this.model.floor(key) + 1);
  }

  remove(key: number): void {
    const at = this.model.floor(key);
    const id = this.model.ids[at] as Gpuva;
    this.index.remove(id);
    this.vas.free(id);
    this.model.remove(key);
    this.behind(`remove ${key}`, at);
  }

  /** Puts another row in the place of the one at `key`. */
  replace(key: number): void {
    const at = this.model.floor(key);
    const old = this.model.ids[at] as Gpuva;
    const id = this.vas.alloc();
    this.vas.set(id, key, 1, 0, 0);
    this.index.replace(old, id);
    this.vas.free(old);
    this.model.remove(key);
    this.model.insert(key, id);
    if (this.index.current() !== id) throw new Error(`replace ${key}: not under the cursor`);
    this.behind(`replace ${key}`, at + 1);
  }

  floor(key: number): void {
    const at = this.model.floor(key);
    this.index.key = key;
    const id = this.index.floor();
    if (id !== (this.model.ids[at] ?? 0)) throw new Error(`floor ${key}: ${id}, not ${this.model.ids[at]}`);
    this.behind(`floor ${key}`, at + 1);
  }

  /** Goes to an entry from wherever the cursor is. */
  goTo(at: number): void {
    const id = this.model.ids[at] as Gpuva;
    this.index.bound = Number.POSITIVE_INFINITY;
    if (this.index.nextBelowOf(id) !== (this.model.ids[at + 1] ?? 0)) throw new Error(`goTo ${at}: next`);
    if (this.index.current() !== id) throw new Error(`goTo ${at}: not under the cursor`);
    this.behind(`goTo ${at}`, at + 1);
  }

  /** The entry behind the cursor is the model's at a position; going there does the same. */
  behind(what: string, at: number): void {
    const { index, model } = this;
    const id = model.ids[at] ?? 0;
    if (index.nextId() !== id) throw new Error(`${what}: behind it ${index.nextId()}, not ${id}`);
    if (id === 0) return;
    index.bound = model.keys[at] as number;
    if (index.nextBelow() !== 0) throw new Error(`${what}: the one behind it is not below its own key`);
    index.bound += 0.5;
    if (index.nextBelow() !== id) throw new Error(`${what}: the one behind it is below what is above it`);
  }

  /** `advance` goes where `nextId` looked. */
  step(): void {
    const id = this.index.nextId();
    const before = this.index.current();
    if (this.index.advance() !== id) throw new Error("advance goes elsewhere");
    if (this.index.current() !== (id === 0 ? before : id))
      throw new Error("advance leaves the cursor elsewhere");
  }

  /** Everything, in order, from the start. */
  all(): void {
    const { index, model } = this;
    index.rewind();
    expect(index.current()).toBe(0);
    const ids: Gpuva[] = [];
    for (let id = index.advance(); id !== 0; id = index.advance()) ids.push(id);
    expect(ids).toEqual(model.ids);
    expect(ids.map((id) => this.vas.addr(id))).toEqual(model.keys);
    expect(index.advance()).toBe(0);
    expect(index.current()).toBe(model.ids.at(-1) ?? 0);
    expect(index.size).toBe(model.keys.length);
    expect(index.check()).toEqual([]);
  }
}

const range = (n: number) => Array.from({ length: n }, (_, i) => i);
/** More than eight nodes: the top is searched in two steps. */
const MANY = 17_000;

const ORDERS: readonly (readonly [string, (n: number) => number[]])[] = [
  ["ascending", (n) => range(n)],
  ["descending", (n) => range(n).reverse()],
  ["random", (n) => shuffle(range(n), random(1))],
  ["from both ends", (n) => range(n).map((i) => (i % 2 === 0 ? i / 2 : n - (i + 1) / 2))],
  [
    "in clusters",
    (n) => shuffle(range(Math.ceil(n / 50)), random(2)).flatMap((c) => range(50).map((i) => c * 50 + i)),
  ],
  [
    "in clusters, downwards",
    (n) => shuffle(range(Math.ceil(n / 50)), random(3)).flatMap((c) => range(50).map((i) => c * 50 + 49 - i)),
  ],
];

describe("a sorted map of doubles", () => {
  describe.each(ORDERS)("filled %s", (_, order) => {
    it.each(ORDERS.slice(0, 4))("and emptied %s", (_name, back) => {
      const pair = new Pair();
      const keys = order(MANY);
      for (const key of keys) pair.insert(key);
      pair.all();
      const next = random(4);
      for (let i = 0; i < 1000; i++) {
        pair.floor(next(2 * MANY) / 2 - 2);
        pair.goTo(next(keys.length));
      }
      const there = new Set(keys);
      let left = there.size;
      for (const key of back(MANY + 50)) {
        if (!there.has(key)) continue;
        pair.remove(key);
        if (--left % 8000 === 0) pair.all();
      }
      pair.all();
      expect(pair.index.size).toBe(0);
      // It can be filled again.
      for (const key of range(100)) pair.insert(key);
      pair.all();
    });
  });

  it.each([10, 63, 64, 65, 129, 1000, 20_000])("churns at about %i entries", (size) => {
    const next = random(size);
    const pair = new Pair();
    for (let i = 0; i < size; i++) pair.insert(i * 16);
    for (let i = 0; i < 20_000; i++) {
      const { keys } = pair.model;
      const kind = next(10);
      if (kind < 3 || keys.length === 0) {
        // Beside an entry, as a split does; else anywhere.
        const key = next(2) === 0 ? (keys[next(keys.length)] ?? 0) + 1 + next(15) : next(size * 16);
        if (keys[pair.model.floor(key)] !== key) pair.insert(key);
      } else if (kind < 6) pair.remove(keys[next(keys.length)] as number);
      else if (kind === 6) pair.floor(next(size * 16 + 20) - 10);
      else if (kind === 7) pair.goTo(next(keys.length));
      else pair.step();
      if (i % 4000 === 0) pair.all();
    }
    pair.all();
  });

  it("grows and shrinks in waves, now from the left and now from the right", () => {
    const pair = new Pair();
    const next = random(9);
    for (let wave = 0; wave < 4; wave++) {
      for (let i = 0; i < 18_000; i++) {
        const key = wave % 2 === 0 ? wave * 1e6 + i : wave * 1e6 - i;
        pair.insert(key);
      }
      pair.all();
      const keys = pair.model.keys.slice();
      const gone =
        wave % 3 === 0
          ? keys.slice(0, 15_000)
          : wave % 3 === 1
            ? keys.slice(-15_000)
            : shuffle(keys, next).slice(0, 15_000);
      for (const key of gone) pair.remove(key);
      pair.all();
    }
  });

  it("loses whole leaves and nodes in its middle", () => {
    const pair = new Pair();
    for (const key of range(MANY)) pair.insert(key);
    for (let from = 500; from < MANY; from += 1000) {
      for (let key = from; key < from + 700; key++) {
        pair.remove(key);
        if (key % 20 === 0) expect(pair.index.check()).toEqual([]);
      }
      pair.all();
    }
  });

  it("replaces, again and again, an entry by two or three beside each other", () => {
    const pair = new Pair();
    const next = random(5);
    pair.insert(0);
    while (pair.model.keys.length < 3000) {
      const at = next(pair.model.keys.length);
      const key = pair.model.keys[at] as number;
      const end = pair.model.keys[at + 1] ?? key + 2 ** 40;
      pair.floor(key);
      pair.remove(key);
      pair.insert(key);
      for (const part of [0.25, 0.75]) {
        const middle = key + Math.floor((end - key) * part);
        if (pair.model.keys[pair.model.floor(middle)] !== middle) pair.insert(middle);
      }
    }
    pair.all();
  });

  it("finds among so many that the top is searched by halving, too", () => {
    const vas = new VaTable();
    const index = new BlockIndex(vas);
    const next = random(6);
    const keys = shuffle(range(200_000), next);
    for (const key of keys) {
      const id = vas.alloc();
      vas.set(id, key * 2, 1, 0, 0);
      if (!put(index, vas, id)) throw new Error(`${key} is refused`);
    }
    expect(index.check()).toEqual([]);
    for (let i = 0; i < 100_000; i++) {
      const at = next(400_000);
      index.key = at;
      if (vas.addr(index.floor()) !== at - (at % 2)) throw new Error(`floor of ${at}`);
    }
    for (const [i] of keys.entries()) index.remove((i + 1) as Gpuva);
    expect([index.size, index.check()]).toEqual([0, []]);
  });

  it("of nothing", () => {
    const { index } = new Pair();
    index.key = 5;
    expect([index.floor(), index.current(), index.nextId(), index.advance(), index.size]).toEqual([
      0, 0, 0, 0, 0,
    ]);
  });

  it("has its cursor in one place after a walk that ended while a call looked elsewhere", () => {
    const pair = new Pair();
    for (let i = 0; i < 200; i++) pair.insert(i);
    const { index, model } = pair;
    let left = 200;
    index.each(() => {
      if (--left !== 1) return;
      index.key = 20;
      index.floor();
    });
    const key = model.keys[model.ids.indexOf(index.current())] as number;
    for (let at = key; at >= 0; at--) pair.remove(at);
    pair.all();
  });

  it("with entries that take the places of others", () => {
    const pair = new Pair();
    const next = random(7);
    for (const i of shuffle(range(3000), next)) pair.insert(i * 16);
    for (let i = 0; i < 6000; i++) pair.replace(next(3000) * 16);
    pair.all();
  });

  it("refuses what overlaps, and changes nothing", () => {
    const pair = new Pair();
    for (let i = 0; i < 1000; i++) pair.insert(i * 16);
    const { vas, index } = pair;
    for (const [addr, range, fits] of [
      [160, 1, false],
      [150, 11, false],
      [150, 200, false],
      [160.5, 1, false],
      [161, 16, false],
      [161, 15, true],
      [-8, 9, false],
      [15_984, 1, false],
      [15_985, 100, true],
    ] as const) {
      const id = vas.alloc();
      vas.set(id, addr, range, 0, 0);
      expect(put(index, vas, id)).toBe(fits);
      if (fits) index.remove(id);
      vas.free(id);
    }
    pair.all();
  });

  it("does not leave empty room behind what is appended", () => {
    const { index, vas } = new Pair();
    for (let i = 0; i < 64 * 1024; i++) {
      const id = vas.alloc();
      vas.set(id, i, 1, 0, 0);
      put(index, vas, id);
    }
    expect(index.check()).toEqual([]);
    expect(index.bytes / (64 * 1024)).toBeLessThan(15);
  });
});
