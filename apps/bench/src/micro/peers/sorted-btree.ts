import BTreeModule from "sorted-btree";
import type { Mapping, PeerStore } from "./store.ts";

// A CommonJS package whose types say otherwise.
const BTree = ((BTreeModule as { default?: unknown }).default ?? BTreeModule) as typeof BTreeModule.default;

/** `sorted-btree`: a B+ tree by address. */
export function sortedBtree(): PeerStore {
  const tree = new BTree<number, Mapping>(undefined, (a, b) => a - b);
  return {
    name: "sorted-btree",
    insert: (m) => void tree.set(m.addr, m),
    remove: (m) => void tree.delete(m.addr),
    overlapping(addr, end, out) {
      const before = tree.getPairOrNextLower(addr)?.[1];
      if (before !== undefined && before.addr + before.range > addr) out.push(before);
      let next = tree.nextHigherPair(addr);
      for (; next !== undefined && next[0] < end; next = tree.nextHigherPair(next[0])) out.push(next[1]);
    },
    each(fn) {
      tree.forEachPair((_, m) => fn(m));
    },
    size: () => tree.size,
  };
}
