import type { DriverPackage } from "@gpuvm/drm-model";
import { start } from "./driver.ts";
import { GF100 } from "./mmu/desc.ts";
import { legacyPolicy, vmBindPolicy } from "./policy.ts";
import { legacyUserspace, vmBindUserspace } from "./userspace/userspace.ts";

/**
 * The driver nouveau, as programs speak to it today (`vm-bind`, on Pascal or later) and as they did before (`legacy`, on
 * Kepler, for which its trace was recorded).
 */
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
      start: (machine, options) => start(legacyPolicy, machine, options, GF100),
      userspace: legacyUserspace,
    },
  },
  defaultVariant: "vm-bind",
};
