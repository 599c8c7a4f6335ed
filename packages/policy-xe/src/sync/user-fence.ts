import { EFAULT, ENOMEM, type Errno, type Holder, type Steps } from "@gpuvm/core";
import { Kref, type UserMemory } from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";

/** A word of the program's memory that is written when a bind is done (`struct xe_user_fence`). */
export class XeUserFence {
  /** References: of the sync, of each VMA that waits for it, and of the callback. */
  readonly kref: Kref;
  /** It was, or is just being, written. */
  signalled = false;
  readonly #xe: Xe;
  readonly #memory: UserMemory;
  readonly #addr: number;
  readonly #value: number;

  /** Made by {@link userFenceCreate}. */
  constructor(xe: Xe, memory: UserMemory, addr: number, value: number, holder: Holder) {
    const { dev } = xe.machine;
    this.kref = new Kref(dev, `user_fence#${dev.serial()}`, holder, () => {});
    this.#xe = xe;
    this.#memory = memory;
    this.#addr = addr;
    this.#value = value;
  }

  /** Has it written, behind all that were to be written before (`kick_ufence`). Takes over the reference of `callback`. */
  kick(): void {
    const xe = this.#xe;
    xe.orderedWq.queue(() => this.#worker());
  }

  *#worker(): Steps<void> {
    const { machine } = this.#xe;
    // `user_fence_worker`: who asks from here on may unmap, before the program can see it.
    this.signalled = true;
    if (!this.#memory.gone && !this.#memory.write(this.#addr, this.#value))
      machine.hazard("kernel-warning", this.kref.name, "Copy to user failed");
    this.kref.put("callback");
  }
}

/** `user_fence_create`. */
export function userFenceCreate(
  xe: Xe,
  memory: UserMemory,
  addr: number,
  value: number,
  holder: Holder,
): XeUserFence | Errno {
  if (memory.read(addr) === null) return -EFAULT;
  if (!xe.machine.dev.mayAlloc("xe user fence")) return -ENOMEM;
  return new XeUserFence(xe, memory, addr, value, holder);
}
