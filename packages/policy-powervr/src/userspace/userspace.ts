import type { Userspace } from "@gpuvm/drm-model";
import { lift } from "./lift.ts";
import { lower } from "./lower.ts";

/** How programs speak to the driver: as the Vulkan driver pvr does. */
export const userspace: Userspace = {
  speaks: (header) => header.driver === "powervr",
  lift,
  lower,
};
