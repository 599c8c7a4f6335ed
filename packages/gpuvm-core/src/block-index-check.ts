import type { LeafStore } from "./leaf-store.ts";
import type { NodeStore } from "./node-store.ts";

/** What an index consists of. */
export interface IndexParts {
  readonly leaves: LeafStore;
  readonly nodes: NodeStore;
  readonly topKeys: Float64Array;
  readonly topNodes: Int32Array;
  readonly topCount: number;
  readonly size: number;
}

/** What is wrong with the invariants of the index, its nodes and its leaves; nothing, if all is well. */
export function checkIndex(index: IndexParts): string[] {
  const { leaves, nodes, topKeys, topNodes, topCount } = index;
  const wrong: string[] = [];
  let last = Number.NEGATIVE_INFINITY;
  let size = 0;
  for (let top = 0; top < topCount; top++) {
    const node = topNodes[top] as number;
    const base = node * 64;
    const count = nodes.counts[node] as number;
    if (count === 0) wrong.push(`node ${top} is empty`);
    if (topKeys[top] !== nodes.keys[base]) wrong.push(`node ${top} has another key on top`);
    if (nodes.keys.subarray(base + count, base + 64).some((k) => k !== Number.POSITIVE_INFINITY))
      wrong.push(`node ${top} is not padded`);
    for (let slot = 0; slot < count; slot++) {
      const where = `leaf ${slot} of node ${top}`;
      const leaf = nodes.ids[base + slot] as number;
      const key = nodes.keys[base + slot] as number;
      const keys = leaves.entries(leaf, wrong, where);
      if (keys.length === 0 && index.size > 0) wrong.push(`${where} is empty`);
      if (top === 0 && slot === 0 && key !== Number.NEGATIVE_INFINITY)
        wrong.push("the first key is a number");
      if (size > 0 && key <= last) wrong.push(`the key of ${where} is not above what is before`);
      if (key > (keys[0] ?? Number.POSITIVE_INFINITY)) wrong.push(`${where} begins below its key`);
      for (const k of keys) {
        if (!(k > last)) wrong.push(`keys do not ascend in ${where}`);
        last = k;
      }
      size += keys.length;
    }
  }
  if (topKeys.subarray(topCount, topCount + 64).some((k) => k !== Number.POSITIVE_INFINITY))
    wrong.push("the top is not padded");
  if (size !== index.size) wrong.push(`${size} entries, but size is ${index.size}`);
  return wrong;
}
