import { OrderedMap } from "js-sdsl";
import type { Mapping, PeerStore } from "./store.ts";

/** `js-sdsl`: a red-black tree by address. */
export function jsSdsl(): PeerStore {
  const map = new OrderedMap<number, Mapping>([], (a, b) => a - b);
  return {
    name: "js-sdsl",
    insert: (m) => void map.setElement(m.addr, m),
    remove: (m) => void map.eraseElementByKey(m.addr),
    overlapping(addr, end, out) {
      const at = map.reverseLowerBound(addr);
      const before = at.isAccessible() ? at.pointer[1] : undefined;
      if (before !== undefined && before.addr + before.range > addr) out.push(before);
      const next = before === undefined ? map.begin() : at.next();
      for (; next.isAccessible() && next.pointer[0] < end; next.next()) out.push(next.pointer[1]);
    },
    each(fn) {
      map.forEach(([, m]) => {
        fn(m);
      });
    },
    size: () => map.size(),
  };
}
