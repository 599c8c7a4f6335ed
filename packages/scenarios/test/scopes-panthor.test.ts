import { pinScopes } from "./pinned.ts";

// Groups have works of their own: more schedules than in all other drivers together.
pinScopes(["panthor:mainline"]);
