import type { BoOwnership } from "@gpuvm/core";

/** The policies whose reference loops the page of the answer shows, each under the ownership that it is asked to have. */
export const LOOPS: readonly (readonly [policy: string, ownership: BoOwnership])[] = [
  ["msm:before", "soft"],
  ["msm:soft", "soft"],
  ["msm:soft", "hard"],
  ["msm:hard-naive", "hard"],
  ["msm:mainline", "hard"],
  ["msm:vm-bind", "hard"],
  ["nouveau:legacy", "soft"],
  ["nouveau:vm-bind", "hard"],
  ["xe:mainline", "hard"],
  ["panthor:mainline", "hard"],
  ["powervr:mainline", "hard"],
  ["powervr:6.11", "hard"],
];
