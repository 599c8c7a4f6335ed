import { DrmFile } from "@gpuvm/drm-model";
import type { MsmBo } from "../gem/bo.ts";
import { queueZero } from "../gpu/submitqueue.ts";
import { MsmContext } from "./context.ts";
import type { Msm } from "./device.ts";

/** An open file of msm. */
export class MsmFile extends DrmFile<MsmBo> {
  /** `file_priv->driver_priv`; counted until the file is closed. */
  readonly ctx: MsmContext;
  readonly #device: Msm;

  /** Opens the device (`msm_open`). */
  constructor(msm: Msm, id: number) {
    super(msm.machine, id);
    this.#device = msm;
    // `context_init`
    this.ctx = new MsmContext(msm, this);
    this.ctx.queues.set(0, queueZero(msm, this.ctx));
  }

  /** Which device was opened. */
  get device(): Msm {
    return this.#device;
  }
}
