import type { DriverPackage } from "@gpuvm/drm-model";
import { mainline } from "./variants.ts";

/** Xe: Intel graphics from Lunar Lake on. */
export const xe: DriverPackage = {
  name: "xe",
  variants: { mainline },
  defaultVariant: "mainline",
};
