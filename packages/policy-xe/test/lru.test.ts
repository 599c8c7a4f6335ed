import { ListNode } from "@gpuvm/core";
import { expect, it } from "vitest";
import { BulkMove, Lru, type LruItem, type LruNode } from "../src/memory/lru.ts";

const node = (name: string): LruNode<string> => new ListNode<LruItem<string>>(name);

it("objects that move as one lie side by side, and whoever leaves them stays beside them", () => {
  const lru = new Lru<string>();
  const bulk = new BulkMove<string>();
  const [a, b, c, d] = [node("a"), node("b"), node("c"), node("d")] as const;
  lru.add(a, bulk);
  lru.add(b, null);
  lru.add(c, bulk);
  lru.add(d, null);
  expect([...lru.walk()]).toEqual(["a", "c", "b", "d"]);
  lru.leave(a, bulk);
  expect([...lru.walk()]).toEqual(["c", "a", "b", "d"]);
  lru.bump(bulk.node);
  lru.bump(a);
  expect([...lru.walk()]).toEqual(["b", "d", "c", "a"]);
  lru.leave(c, bulk);
  lru.bump(bulk.node);
  expect([...lru.walk()]).toEqual(["b", "d", "c", "a"]);
  lru.add(node("e"), bulk);
  lru.remove(c, null);
  expect([...lru.walk()]).toEqual(["b", "d", "a", "e"]);
});

it("a walk goes on where it was when what it looks at goes, moves to the end, or ends up elsewhere", () => {
  const lru = new Lru<string>();
  const other = new Lru<string>();
  const nodes = new Map(["a", "b", "c", "d"].map((name) => [name, node(name)]));
  for (const each of nodes.values()) lru.add(each, null);
  const met: string[] = [];
  for (const name of lru.walk()) {
    met.push(name);
    const it = nodes.get(name) as LruNode<string>;
    if (name === "b" && met.length < 4) lru.bump(it);
    else lru.remove(it, null);
    if (name === "c") other.add(it, null);
    if (name === "d") break;
  }
  expect(met).toEqual(["a", "b", "c", "d"]);
  expect([...lru.walk()]).toEqual(["b"]);
  expect([...other.walk()]).toEqual(["c"]);
  expect([...lru.walk()]).toEqual(["b"]);
});

it("objects that move as one and all go during a walk do not keep their place", () => {
  const lru = new Lru<string>();
  const bulk = new BulkMove<string>();
  const [a, b, c] = [node("a"), node("b"), node("c")] as const;
  lru.add(a, bulk);
  lru.add(b, null);
  for (const name of lru.walk()) {
    expect(name).toBe("a");
    lru.remove(a, bulk);
    break;
  }
  lru.add(c, bulk);
  expect([...lru.walk()]).toEqual(["b", "c"]);
});
