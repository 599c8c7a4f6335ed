import type { DriverPackage } from "@gpuvm/drm-model";
import { mainline, v612, v619 } from "./variants.ts";

/** Panthor: Arm Mali GPUs with a command stream frontend. */
export const panthor: DriverPackage = {
  name: "panthor",
  variants: { mainline, "6.19": v619, "6.12": v612 },
  defaultVariant: "mainline",
};
