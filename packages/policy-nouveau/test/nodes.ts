import type { Holder, RefNode } from "@gpuvm/core";

const KINDS: readonly [start: string, node: RefNode | null][] = [
  ["ioctl", null],
  ["creator", null],
  ["drm_exec", null],
  ["walk of ", null],
  // A program's descriptor of a dma-buf: userspace is no node of the graph.
  ["descriptor", null],
  ["handle ", "handle"],
  ["file ", "file"],
  ["dma-buf#", "dma_buf"],
  ["vm_bo#", "vm_bo"],
  ["vm#", "VM"],
  ["va#", "VA"],
  ["bo#", "BO"],
  ["resv object", "r_obj"],
  ["queue#", "queue"],
  ["bind_job#", "bind_job"],
];

/** The node of the reference graph that a name in the ledger belongs to; null for what holds within one call only. */
export function nodeOf(holder: Holder): RefNode | null {
  const name = typeof holder === "string" ? holder : holder.name;
  const found = KINDS.find(([start]) => name.startsWith(start));
  if (found === undefined) throw new Error(`nobody knows what ${name} is`);
  return found[1];
}
