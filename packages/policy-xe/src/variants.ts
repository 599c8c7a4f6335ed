import type { DriverVariant } from "@gpuvm/drm-model";
import { start } from "./driver.ts";
import { mainlinePolicy } from "./policy.ts";
import { userspace } from "./userspace/userspace.ts";

/** Linux 7.3.4. Long-running and fault mode are flags of VM_CREATE, not variants. */
export const mainline: DriverVariant = {
  policy: mainlinePolicy,
  start: (machine, options) => start(mainlinePolicy, machine, options),
  userspace,
};
