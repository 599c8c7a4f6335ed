import type { Place } from "./memory/lru.ts";

/**
 * What the driver does to page tables, TLBs, queues and memory, in the order in which it does it. For whoever listens
 * (`Xe.onEvent`): a comparison with what the driver's own code did.
 *
 * `populate`, `clear`, `zap`: level of the table, first entry, entries. `tlb`: one request to one GT, first and last address.
 * `queue suspend`: a
 * queue is asked to leave the GPU. `job`: a batch begins, and whether the ring flushes the TLB before it. `copy`, `clear bo`: memory of an object is moved,
 * or cleared, by the GPU.
 */
export type XeEvent =
  | readonly ["populate" | "clear" | "zap", level: number, offset: number, entries: number]
  | readonly ["root cleared", entries: number]
  | readonly ["tlb", gt: string, start: number, last: number]
  | readonly ["job", flushTlb: boolean]
  | readonly ["bind waits for fences"]
  | readonly ["table allocation fails"]
  | readonly ["queue suspend"]
  | readonly ["queue resume"]
  | readonly ["copy", bo: object, from: Place, to: Place]
  | readonly ["clear bo", bo: object, to: Place];
