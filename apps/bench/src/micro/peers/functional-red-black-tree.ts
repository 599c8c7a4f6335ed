import createTree from "functional-red-black-tree";
import type { Mapping, PeerStore } from "./store.ts";

/** `functional-red-black-tree`: a persistent red-black tree by address. */
export function functionalRedBlackTree(): PeerStore {
  let tree = createTree<number, Mapping>((a, b) => a - b);
  return {
    name: "functional-red-black-tree",
    insert(m) {
      tree = tree.insert(m.addr, m);
    },
    remove(m) {
      tree = tree.remove(m.addr);
    },
    overlapping(addr, end, out) {
      const at = tree.le(addr);
      const before = at.valid ? at.value : undefined;
      if (before !== undefined && before.addr + before.range > addr) out.push(before);
      const next = before === undefined ? tree.begin : at;
      if (before !== undefined) next.next();
      for (; next.valid && (next.key as number) < end; next.next()) out.push(next.value as Mapping);
    },
    each(fn) {
      tree.forEach((_, m) => {
        fn(m);
      });
    },
    size: () => tree.length,
  };
}
