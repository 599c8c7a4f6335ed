import type { MsmParts } from "../drv/parts.ts";

/** Does something under `gem_lru_mutex`. Nobody sleeps while holding it, so nobody waits for it either. */
export function underLru<T>(msm: MsmParts, fn: () => T): T {
  const { current } = msm.dev;
  msm.lruLock.acquire(current);
  try {
    return fn();
  } finally {
    msm.lruLock.release(current);
  }
}
