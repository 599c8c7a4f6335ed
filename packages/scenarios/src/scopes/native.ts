import type { DriverOptions, DriverPackage, MachineOptions } from "@gpuvm/drm-model";
import type { Scenario } from "@gpuvm/explorer";
import { MSM_SCOPES } from "./msm.ts";
import { MSM_CPU_SCOPES } from "./msm-cpu.ts";
import { MSM_HANG_SCOPES } from "./msm-hang.ts";
import { MSM_KILL_SCOPES } from "./msm-kill.ts";
import { NOUVEAU_SCOPES } from "./nouveau.ts";
import { NOUVEAU_END_SCOPES } from "./nouveau-ends.ts";
import { NOUVEAU_SYNC_SCOPES } from "./nouveau-syncs.ts";
import { PANTHOR_SCOPES } from "./panthor.ts";
import { PANTHOR_END_SCOPES } from "./panthor-ends.ts";
import { POWERVR_SCOPES } from "./powervr.ts";
import { POWERVR_FIRMWARE_SCOPES } from "./powervr-firmware.ts";
import type { NativeScope } from "./scope.ts";
import { XE_SCOPES } from "./xe.ts";
import { XE_END_SCOPES } from "./xe-ends.ts";
import { XE_MEMORY_SCOPES } from "./xe-memory.ts";
import { XE_PAGEFAULT_SCOPES } from "./xe-pagefaults.ts";
import { XE_RESET_SCOPES } from "./xe-resets.ts";
import { XE_SYNC_SCOPES } from "./xe-syncs.ts";
import { XE_USERPTR_SCOPES } from "./xe-userptr.ts";

const ALL: readonly NativeScope[] = [
  ...MSM_SCOPES,
  ...MSM_HANG_SCOPES,
  ...MSM_KILL_SCOPES,
  ...MSM_CPU_SCOPES,
  ...NOUVEAU_SCOPES,
  ...NOUVEAU_END_SCOPES,
  ...NOUVEAU_SYNC_SCOPES,
  ...XE_SCOPES,
  ...XE_MEMORY_SCOPES,
  ...XE_USERPTR_SCOPES,
  ...XE_END_SCOPES,
  ...XE_SYNC_SCOPES,
  ...XE_PAGEFAULT_SCOPES,
  ...XE_RESET_SCOPES,
  ...PANTHOR_SCOPES,
  ...PANTHOR_END_SCOPES,
  ...POWERVR_SCOPES,
  ...POWERVR_FIRMWARE_SCOPES,
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
    ({ driver: _, variants: __, hardware, timeouts, vram, gart, memory, ...scope }) => ({
      ...scope,
      variant,
      options: { ...options, ...hardware },
      machine: {
        lockdep: true,
        watch: true,
        ...machine,
        ...(timeouts === undefined ? {} : { timeouts }),
        ...(vram === undefined ? {} : { vram }),
        ...(gart === undefined ? {} : { gart }),
        ...(memory === undefined ? {} : { memory }),
      },
    }),
  );
}
