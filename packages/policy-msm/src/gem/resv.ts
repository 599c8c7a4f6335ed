import type { DmaResv } from "@gpuvm/core";

/** Nobody counts the fences: a resv only makes its list anew where there is no room, without those that signalled. */
const uncounted = (): void => {};

/** Lets a dma_resv give up signalled fences as soon as it needs room, as with `CONFIG_DEBUG_MUTEXES`. */
export function withoutRoom(resv: DmaResv): void {
  if (!resv.forgets) resv.onDrop ??= uncounted;
}
