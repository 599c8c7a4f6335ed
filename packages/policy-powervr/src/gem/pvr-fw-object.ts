import type { PvrBo } from "./bo.ts";

/** An object that the firmware reads (`struct pvr_fw_object`): a buffer mapped in the kernel's VM context. */
export interface PvrFwObject {
  /** The buffer; the owner's. */
  readonly bo: PvrBo;
  /** Where the firmware sees it. */
  readonly addr: number;
}
