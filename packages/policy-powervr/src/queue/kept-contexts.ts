import type { Steps } from "@gpuvm/core";
import { unmapAll } from "../vm/unmap.ts";
import type { PvrContext } from "./pvr-context.ts";

/**
 * What `pvr_destroy_contexts_for_file` does with contexts that jobs and fences still hold: their VMs' mappings go now.
 * Otherwise a buffer that has such a fence in its dma_resv would keep it, and with it the context, the VM and its
 * mappings, and those the buffer.
 */
export function* unmapKept(made: Set<PvrContext>): Steps<void> {
  for (const ctx of made) {
    made.delete(ctx);
    // pvr_context_get_if_referenced
    if (ctx.refs === 0) continue;
    ctx.get("ioctl");
    yield* unmapAll(ctx.vmCtx);
    yield* ctx.put("ioctl");
  }
}
