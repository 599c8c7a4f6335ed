import type { DriverPackage } from "@gpuvm/drm-model";
import { start } from "./driver.ts";
import { legacyPolicy, vmBindPolicy } from "./policy.ts";
import { legacyUserspace, vmBindUserspace } from "./userspace/userspace.ts";

/** The driver nouveau, as programs speak to it today (`vm-bind`) and as they did before (`legacy`). */
export const nouveau: DriverPackage = {
  name: "nouveau",
  variants: {
    "vm-bind": {
      policy: vmBindPolicy,
      start: (machine, options) => start(vmBindPolicy, machine, options),
      userspace: vmBindUserspace,
    },
    legacy: {
      policy: legacyPolicy,
      start: (machine, options) => start(legacyPolicy, machine, options),
      userspace: legacyUserspace,
    },
  },
  defaultVariant: "vm-bind",
};
