import type { RefNode } from "@gpuvm/core";

/** What names of holders and of held objects begin with, by the kind of object in the reference graph. */
const PREFIXES: readonly (readonly [prefix: string, node: RefNode])[] = [
  ["bo#", "BO"],
  ["vm_bo#", "vm_bo"],
  ["vm_ctx#", "VM"],
  ["vm#", "VM"],
  ["va#", "VA"],
  ["resv object", "r_obj"],
  ["handle ", "handle"],
  ["dma-buf#", "dma_buf"],
  ["framebuffer#", "framebuffer"],
  ["context#", "context"],
  ["heap_pool#", "heap_pool"],
  ["queue#", "queue"],
  ["submit#", "submit"],
  ["bind_job#", "bind_job"],
  ["free_list#", "free_list"],
  ["hwrt#", "hwrt"],
  ["fence#", "fence"],
  ["file", "file"],
  ["device", "device"],
];

/** Who holds only within one call, or hands over, and the program itself: no edge of the graph. */
const TRANSIENT = ["creator", "descriptor", "ioctl", "drm_exec", "walk of "];

/** The kind that a name in the ledger tells; `transient` for a call's own references; null: it tells none. */
export function refNodeOf(name: string): RefNode | "transient" | null {
  if (TRANSIENT.some((prefix) => name.startsWith(prefix))) return "transient";
  return PREFIXES.find(([prefix]) => name.startsWith(prefix))?.[1] ?? null;
}
