import { EINVAL, type Errno, type Steps } from "@gpuvm/core";
import { type WaitFence, waitFence } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorFile } from "../panthor-file.ts";

/** Waits for the n-th job of a group, counted from 1 (a user-mode driver's wait on its syncobj). */
export function* groupWait(panthor: Panthor, file: PanthorFile, req: WaitFence): Steps<Errno> {
  const group = file.groups.get(req.queue ?? 0);
  if (group === undefined) return -EINVAL;
  const fence = group.submitted.get(req.fence);
  if (fence !== undefined) yield* waitFence(panthor.machine.dev, fence, "drm_syncobj_wait");
  return 0;
}
