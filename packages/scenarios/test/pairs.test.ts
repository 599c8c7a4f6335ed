import { pinPairs } from "./pinned-pairs.ts";

pinPairs(["panthor:mainline", "nouveau:vm-bind"]);
