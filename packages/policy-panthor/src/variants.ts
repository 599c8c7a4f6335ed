import type { ReferencePolicy } from "@gpuvm/core";
import type { DriverVariant } from "@gpuvm/drm-model";
import { mainlinePolicy, policy612, policy619 } from "./declared/policy.ts";
import { start } from "./driver.ts";
import type { Generation } from "./history/generation.ts";
import { gen73, gen612, gen619 } from "./history/generations.ts";
import { userspace } from "./userspace/userspace.ts";

function variant(policy: ReferencePolicy, gen: Generation): DriverVariant {
  return {
    policy,
    start: (machine, options) => start(policy, gen, machine, options),
    userspace: userspace(gen),
  };
}

/** Linux 7.3.4: pages are held by operations only, and can be taken. */
export const mainline: DriverVariant = variant(mainlinePolicy, gen73);

/** About Linux 6.19: the core defers, pages are held by vm_bos. */
export const v619: DriverVariant = variant(policy619, gen619);

/** Linux 6.12: the driver defers by hand, pages are held by vm_bos. */
export const v612: DriverVariant = variant(policy612, gen612);
