import type { CountedFence } from "./counted-fence.ts";

/** What is to be done when a fence signals, and can be taken back until then (`struct dma_fence_cb`). */
export class FenceCallback {
  /** Neither run nor taken back. */
  armed = true;

  /** `fn` runs at the signal, or now if that has been (`dma_fence_add_callback`). */
  constructor(fence: CountedFence, fn: () => void) {
    fence.base.onSignal(() => {
      if (!this.armed) return;
      this.armed = false;
      fn();
    });
  }

  /** Takes it back (`dma_fence_remove_callback`). @returns false if it has run */
  remove(): boolean {
    const { armed } = this;
    this.armed = false;
    return armed;
  }
}
