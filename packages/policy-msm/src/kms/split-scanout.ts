import { EPERM, type Errno, type Steps } from "@gpuvm/core";
import type { Bo, DmaBuf, Scanout } from "@gpuvm/drm-model";
import type { Msm } from "../drv/device.ts";
import { MsmFile } from "../drv/file.ts";
import type { MsmBo } from "../gem/bo.ts";
import { msmGemClose, msmPostclose } from "../gem/close.ts";
import { importForeign, primeExport } from "../gem/prime.ts";
import {
  framebufferCleanup,
  framebufferCreate,
  framebufferPrepare,
  framebufferPut,
  type MsmFramebuffer,
} from "./framebuffer.ts";

/** The number of the display's program as a file: no trace has it. */
const DISPLAY = -2;

/** What the display's program has of one object of the GPU. */
interface Shown {
  readonly fb: MsmFramebuffer;
  /** Its handle on the display's device; null: closed, and the framebuffer goes with what shows it. */
  handle: number | null;
}

/**
 * Showing objects on a display that is a device of its own: its program imports each there, and keeps handle and framebuffer for as
 * long as it closes no handle of the object on the GPU's device (`drm_gem_prime_fd_to_handle`, `msm_framebuffer_create`).
 */
export class SplitScanout implements Scanout {
  readonly #gpu: Msm;
  readonly #kms: Msm;
  readonly #file: MsmFile;
  readonly #shown: Map<Bo, Shown> = new Map();
  #handles = 0;

  /** Nothing is shown. */
  constructor(gpu: Msm, kms: Msm) {
    this.#gpu = gpu;
    this.#kms = kms;
    this.#file = new MsmFile(kms, DISPLAY);
    gpu.displayForgets = (bo) => this.#forget(bo);
  }

  /** See `Scanout`. */
  *prepareFb(bo: Bo): Steps<Errno> {
    let shown = this.#shown.get(bo);
    if (shown === undefined) {
      const made = yield* this.#import(bo as MsmBo);
      if (typeof made === "number") return made;
      shown = made;
      this.#shown.set(bo, shown);
    }
    const ret = yield* framebufferPrepare(this.#kms, shown.fb);
    if (ret !== 0) yield* this.cleanupFb(bo);
    return ret;
  }

  /** See `Scanout`. */
  *cleanupFb(bo: Bo): Steps<void> {
    const shown = this.#shown.get(bo);
    if (shown === undefined) return;
    yield* framebufferCleanup(this.#kms, shown.fb);
    this.#drop(bo, shown);
  }

  /** The display's program ends. */
  *end(): Steps<void> {
    for (const [bo] of [...this.#shown]) yield* this.#forget(bo);
    yield* msmPostclose(this.#kms, this.#file);
  }

  *#import(bo: MsmBo): Steps<Shown | Errno> {
    const known = bo.dmaBuf as DmaBuf | null;
    const dmaBuf = known ?? primeExport(this.#gpu, bo);
    if (dmaBuf === null) return -EPERM;
    const handle = ++this.#handles;
    const ret = yield* importForeign(this.#kms, this.#file, handle, bo.size, dmaBuf);
    if (known === null) dmaBuf.close();
    if (ret !== 0) return ret;
    const fb = framebufferCreate(this.#kms, this.#file.handles.get(handle) as MsmBo);
    return typeof fb === "number" ? fb : { fb, handle };
  }

  *#forget(bo: Bo): Steps<void> {
    const shown = this.#shown.get(bo);
    if (shown === undefined || shown.handle === null) return;
    const { handle } = shown;
    shown.handle = null;
    yield* this.#file.close(handle, (imported) => msmGemClose(this.#kms, this.#file.ctx, imported));
    this.#drop(bo, shown);
  }

  #drop(bo: Bo, { fb, handle }: Shown): void {
    if (handle !== null || fb.prepareCount > 0) return;
    this.#shown.delete(bo);
    framebufferPut(fb);
  }
}
