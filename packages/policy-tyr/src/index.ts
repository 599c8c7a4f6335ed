/**
 * How tyr (`drivers/gpu/drm/tyr`), the driver for Mali GPUs in Rust, holds buffer objects in Linux 7.3.4: its declared
 * reference graph. There is nothing to run: it has no interface by which programs could map anything yet.
 *
 * @example
 * ```ts
 * import { tyr } from "@gpuvm/policy-tyr";
 * console.assert(tyr.variants["mainline"].vms?.join() === "kernel");
 * ```
 *
 * @packageDocumentation
 */

import type { ReferencePolicy } from "@gpuvm/core";
import { MAINLINE } from "./mainline.ts";

/** A driver of which only the declaration is known here. */
export interface DeclaredDriver {
  /** The driver's name. */
  readonly name: string;
  /** What it declares of itself, by variant. */
  readonly variants: Readonly<Record<string, ReferencePolicy>>;
  /** The variant used when none is named. */
  readonly defaultVariant: string;
  /** Why no program can run on it. */
  readonly noPrograms: string;
}

/** The driver tyr. */
export const tyr: DeclaredDriver & { readonly variants: { readonly mainline: ReferencePolicy } } = {
  name: "tyr",
  variants: { mainline: MAINLINE },
  defaultVariant: "mainline",
  noPrograms:
    "tyr of Linux 7.3.4 has no interface for programs: one ioctl (DEV_QUERY) and one VM, the firmware's; no VM_BIND, no submit",
};
