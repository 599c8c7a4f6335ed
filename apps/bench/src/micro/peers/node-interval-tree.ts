import { IntervalTree } from "node-interval-tree";
import type { Mapping, PeerStore } from "./store.ts";

interface Held {
  readonly low: number;
  readonly high: number;
  readonly mapping: Mapping;
}

const held = (mapping: Mapping): Held => ({
  low: mapping.addr,
  high: mapping.addr + mapping.range - 1,
  mapping,
});

/** `node-interval-tree`: an augmented AVL tree of closed intervals. */
export function nodeIntervalTree(): PeerStore {
  const tree = new IntervalTree<Held>();
  const byAddr = new Map<number, Held>();
  return {
    name: "node-interval-tree",
    insert(m) {
      const record = held(m);
      byAddr.set(m.addr, record);
      tree.insert(record);
    },
    remove(m) {
      // It removes what is deeply equal; the record itself is the cheapest to compare.
      tree.remove(byAddr.get(m.addr) as Held);
      byAddr.delete(m.addr);
    },
    overlapping(addr, end, out) {
      const from = out.length;
      for (const { mapping } of tree.search(addr, end - 1)) out.push(mapping);
      if (out.length > from + 1) out.sort((a, b) => a.addr - b.addr);
    },
    each(fn) {
      for (const { mapping } of tree.inOrder()) fn(mapping);
    },
    size: () => tree.count,
  };
}
