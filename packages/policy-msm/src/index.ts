export { msm } from "./package.ts";
