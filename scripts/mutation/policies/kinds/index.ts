/** Mistakes of as many kinds as possible, thought of without a look at what the scenarios reach; by package. */
export { CORE, MODEL } from "./core.ts";
export { MSM } from "./msm.ts";
export { NOUVEAU } from "./nouveau.ts";
export { PANTHOR } from "./panthor.ts";
export { POWERVR } from "./powervr.ts";
export { XE } from "./xe.ts";
