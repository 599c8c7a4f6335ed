import type { Bo } from "../memory/bo.ts";

/** A handle, or a framebuffer, of an object went (`drm_gem_object_handle_put_unlocked`): the last one opens the loop. */
export function handleGone(bo: Bo): void {
  const { dmaBuf } = bo;
  if (dmaBuf === null || bo.handles + bo.framebuffers > 0) return;
  bo.dmaBuf = null;
  dmaBuf.put(bo);
}
