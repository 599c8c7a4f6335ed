import { DmaFence, type Holder } from "@gpuvm/core";
import { CountedFence } from "./counted-fence.ts";

/** A point of a timeline (`struct dma_fence_chain`): it signals when its own fence and all before it have. Holds both. */
export class FenceChain extends CountedFence {
  /** Its own fence. */
  readonly fence: CountedFence;
  /** The point before, or what was there before the first; null: that has signalled. */
  readonly before: CountedFence | null;

  /** A point behind another; `holder` has the one reference on it (`dma_fence_chain_init`). */
  constructor(fence: CountedFence, before: CountedFence | null, holder: Holder) {
    const { dev } = fence;
    const self = { name: `chain of ${fence.name}` };
    const base = new DmaFence(-dev.serial(), 1);
    super(dev, base, self.name, holder, () => {
      fence.put(self);
      before?.put(self);
    });
    this.fence = fence.get(self);
    this.before = before?.get(self) ?? null;
    const check = () => {
      if (fence.base.signaled && (before?.base.signaled ?? true)) base.signal();
    };
    fence.base.onSignal(check);
    before?.base.onSignal(check);
  }
}

/** The fences that one stands for (`dma_fence_unwrap_for_each`): of a point its own, and those of earlier ones. No references. */
export function unwrapFence(fence: CountedFence): CountedFence[] {
  const found: CountedFence[] = [];
  let at: CountedFence | null = fence;
  for (; at instanceof FenceChain; at = at.before) found.push(...unwrapFence(at.fence));
  return at === null ? found : [...found, at];
}
