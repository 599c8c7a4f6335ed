import type { Machine } from "../machine/machine.ts";
import type { Bo } from "../memory/bo.ts";

/**
 * An exported buffer (`struct dma_buf`): holds its object while it is open, wherever the descriptor went. Importing it
 * on the device that exported it gives the same object.
 */
export class DmaBuf<B extends Bo = Bo> {
  /** The object; counted. */
  readonly bo: B;
  /** Unique on its machine. */
  readonly id: number;
  #open = true;
  readonly #onRelease: ((bo: B) => void) | null;

  /** Exports an object (`drm_gem_prime_export`). `onRelease` is the driver's release hook, run before the put. */
  constructor(machine: Machine, bo: B, onRelease: ((bo: B) => void) | null = null) {
    this.id = machine.dev.serial();
    this.bo = bo;
    this.#onRelease = onRelease;
    bo.get(this);
    bo.dmaBufs++;
    machine.memory.adopted(bo);
    if (machine.auditing) machine.note(bo.name, `exported as ${this.name}`);
  }

  /** `dma-buf#4`, for findings. */
  get name(): string {
    return `dma-buf#${this.id}`;
  }

  /** The last descriptor goes (`drm_gem_dmabuf_release`). */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    const { bo } = this;
    bo.dmaBufs--;
    if (!bo.reachable) bo.machine.memory.orphaned(bo);
    this.#onRelease?.(bo);
    bo.put(this);
  }
}
