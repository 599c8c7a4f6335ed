import type { Mutant } from "../operators.ts";
import { APART } from "./apart.ts";
import { CORE } from "./core.ts";
import * as kinds from "./kinds/index.ts";
import { MSM_SOFT } from "./msm-soft.ts";
import { MSM_VM_BIND } from "./msm-vm-bind.ts";
import { NOUVEAU } from "./nouveau.ts";
import { PANTHOR } from "./panthor.ts";
import { POWERVR } from "./powervr.ts";
import { XE } from "./xe.ts";
import { XE_ENDS } from "./xe-ends.ts";

const ALL = ["powervr", "xe", "panthor", "nouveau", "msm:vm-bind", "msm:soft"];

/** What is planted, and what is explored then. */
export const TABLES: readonly (readonly [
  name: string,
  mutants: readonly Mutant[],
  policies: readonly string[],
])[] = [
  ["msm:soft", MSM_SOFT, ["msm:soft", "msm:vm-bind"]],
  ["msm:vm-bind", MSM_VM_BIND, ["msm:vm-bind", "msm:soft"]],
  ["nouveau", NOUVEAU, ["nouveau"]],
  ["xe", XE, ["xe"]],
  ["ends:xe", XE_ENDS, ["xe"]],
  ["panthor", PANTHOR, ["panthor"]],
  ["powervr", POWERVR, ["powervr"]],
  ["core", CORE, ALL],
  ["apart:xe", APART.xe, ["xe"]],
  ["apart:panthor", APART.panthor, ["panthor"]],
  ["apart:nouveau", APART.nouveau, ["nouveau"]],
  ["apart:powervr", APART.powervr, ["powervr"]],
  ["apart:msm", APART.msm, ["msm:vm-bind", "msm:soft"]],
  ["apart:core", APART.core, ALL],
  ["kinds:xe", kinds.XE, ["xe"]],
  ["kinds:panthor", kinds.PANTHOR, ["panthor"]],
  ["kinds:nouveau", kinds.NOUVEAU, ["nouveau"]],
  ["kinds:powervr", kinds.POWERVR, ["powervr"]],
  ["kinds:msm", kinds.MSM, ["msm:vm-bind", "msm:soft"]],
  ["kinds:core", kinds.CORE, ALL],
  ["kinds:model", kinds.MODEL, ALL],
];
