export { type MsmDriver, startMsm } from "./drv/driver.ts";
export { msm } from "./package.ts";
export type { HandleCloseRule, MsmRules, TeardownRules } from "./policy/rules.ts";
export { MSM_RULES } from "./policy/variants.ts";
export type { MsmGemVm } from "./vma/vm.ts";
