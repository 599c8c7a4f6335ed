import type { Userspace } from "@gpuvm/drm-model";
import { lift } from "./lift.ts";
import { lower } from "./lower.ts";

/** How programs speak to xe: as iris and anv do. */
export const userspace: Userspace = {
  speaks: (header) => header.driver === "xe",
  lift,
  lower,
};
