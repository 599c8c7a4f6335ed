import { pinScopes } from "./pinned.ts";

pinScopes(["nouveau:vm-bind", "xe:mainline"]);
