import IntervalTree from "@flatten-js/interval-tree";
import type { Mapping, PeerStore } from "./store.ts";

const interval = (m: Mapping): [number, number] => [m.addr, m.addr + m.range - 1];

/** `@flatten-js/interval-tree`: an augmented red-black tree of closed intervals. */
export function flattenIntervalTree(): PeerStore {
  const tree = new IntervalTree<Mapping>();
  return {
    name: "@flatten-js/interval-tree",
    insert: (m) => void tree.insert(interval(m), m),
    remove: (m) => void tree.remove(interval(m), m),
    overlapping(addr, end, out) {
      for (const m of tree.search([addr, end - 1])) out.push(m as Mapping);
    },
    each(fn) {
      tree.forEach((_: unknown, m: Mapping) => {
        fn(m);
      });
    },
    size: () => tree.size,
  };
}
