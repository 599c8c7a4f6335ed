import { pinScopes } from "./pinned.ts";

pinScopes(["msm:soft", "msm:vm-bind", "powervr:mainline"]);
