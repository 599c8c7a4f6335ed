import type { DriverOptions, DriverPackage, MachineOptions } from "@gpuvm/drm-model";
import type { Scenario } from "@gpuvm/explorer";
import { MSM_SCOPES } from "./msm.ts";
import { NOUVEAU_SCOPES } from "./nouveau.ts";
import { PANTHOR_SCOPES } from "./panthor.ts";
import { POWERVR_SCOPES } from "./powervr.ts";
import type { NativeScope } from "./scope.ts";
import { XE_SCOPES } from "./xe.ts";

const ALL: readonly NativeScope[] = [
  ...MSM_SCOPES,
  ...NOUVEAU_SCOPES,
  ...XE_SCOPES,
  ...PANTHOR_SCOPES,
  ...POWERVR_SCOPES,
];

/** Scopes in a driver's own terms, for what other drivers do not have. They follow the standard ones. */
export function nativeScopes(
  driver: DriverPackage,
  variantName: string,
  options: DriverOptions = {},
  machine: MachineOptions = {},
): Scenario[] {
  const variant = driver.variants[variantName];
  if (variant === undefined) return [];
  return ALL.filter((scope) => scope.driver === driver && scope.variants.includes(variantName)).map(
    ({ driver: _, variants: __, vram, memory, ...scope }) => ({
      ...scope,
      variant,
      options,
      machine: {
        lockdep: true,
        watch: true,
        ...machine,
        ...(vram === undefined ? {} : { vram }),
        ...(memory === undefined ? {} : { memory }),
      },
    }),
  );
}
