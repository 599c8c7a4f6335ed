import type { Steps } from "@gpuvm/core";
import { preempt } from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";
import type { XeFile } from "../xe-file.ts";
import type { XeBo } from "./bo.ts";

/**
 * Adds up what a client's buffers take (`show_meminfo`): walks the client's list under its spinlock, which the free of a
 * buffer takes, too. What was held on the way is put when the lock is gone.
 */
export function* showMeminfo(xe: Xe, file: XeFile): Steps<void> {
  const { dev } = xe.machine;
  const held: XeBo[] = [];
  // Nobody sleeps under a spinlock: without the defect there is no stop between lock and unlock.
  xe.bosLock.acquire(dev.current);
  for (const bo of [...file.handles.values()]) {
    bo.get("fdinfo");
    if (xe.defects.has("X6")) {
      // Before 9bd7ff293fc8 the put came at once. Another CPU may have closed the handle meanwhile.
      yield* preempt(dev, "preempt", "show_meminfo");
      bo.put("fdinfo");
    } else held.push(bo);
  }
  xe.bosLock.release(dev.current);
  for (const bo of held) {
    yield* preempt(dev, "preempt", "show_meminfo");
    bo.put("fdinfo");
  }
}
