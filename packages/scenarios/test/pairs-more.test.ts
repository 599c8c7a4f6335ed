import { pinPairs } from "./pinned-pairs.ts";

pinPairs(["xe:mainline", "msm:vm-bind", "msm:soft", "powervr:mainline"]);
