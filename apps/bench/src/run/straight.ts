import module from "node:module";
import type { Subject } from "@gpuvm/drivers";
import type { DriverPackage } from "@gpuvm/drm-model";
import type { ModelCopy } from "@gpuvm/results";
import { FROM_SOURCE } from "../cli/threads.ts";

/** The policies that ship, in the copy in which calls are plain functions. */
const COPIES: Readonly<Record<string, () => Promise<Readonly<Record<string, unknown>>>>> = {
  msm: () => import("@gpuvm/policy-msm/straight"),
  nouveau: () => import("@gpuvm/policy-nouveau/straight"),
  xe: () => import("@gpuvm/policy-xe/straight"),
  panthor: () => import("@gpuvm/policy-panthor/straight"),
  powervr: () => import("@gpuvm/policy-powervr/straight"),
};

let hooked = false;

/** The copy of the model that runs straight through, and the subject's variant in it; undefined: there is none. */
export async function straightCopy({ driver, variantName }: Subject): Promise<ModelCopy | undefined> {
  const load = Object.hasOwn(COPIES, driver.name) ? COPIES[driver.name] : undefined;
  if (load === undefined || !(await hook())) return undefined;
  const [{ Replay }, policies] = await Promise.all([import("@gpuvm/drm-model/straight"), load()]);
  const variant = (policies[driver.name] as DriverPackage).variants[variantName];
  return variant === undefined ? undefined : { Replay, variant };
}

/** From sources the copy is made as it is loaded, for which Node before 22.15 has no means. */
async function hook(): Promise<boolean> {
  if (!FROM_SOURCE || hooked) return true;
  if (typeof module.registerHooks !== "function") return false;
  const { registerStraight } = await import("@gpuvm/explorer/straight");
  registerStraight();
  hooked = true;
  return true;
}
