import type { DriverPackage } from "@gpuvm/drm-model";
import { start } from "./driver.ts";
import { policyOf } from "./policy.ts";
import { userspace } from "./userspace/userspace.ts";
import { VARIANTS } from "./variants.ts";

/** The driver powervr (`drivers/gpu/drm/imagination`), in its versions. */
export const powervr: DriverPackage = {
  name: "powervr",
  variants: Object.fromEntries(
    VARIANTS.map((variant) => [
      variant.name,
      { policy: policyOf(variant), start: (machine, options) => start(variant, machine, options), userspace },
    ]),
  ),
  defaultVariant: "mainline",
};
