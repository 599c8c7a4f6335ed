export { type MsmDriver, startMsm } from "./driver.ts";
export { msm } from "./package.ts";
export type { HandleCloseRule, MsmRules, TeardownRules } from "./rules.ts";
export { MSM_RULES } from "./variants.ts";
export type { MsmGemVm } from "./vm.ts";
