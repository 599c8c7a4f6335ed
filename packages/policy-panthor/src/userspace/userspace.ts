import type { Userspace } from "@gpuvm/drm-model";
import { MAP_SPARSE } from "../flags.ts";
import type { Generation } from "../history/generation.ts";
import { lift } from "./lift.ts";
import { lower } from "./lower.ts";

/** How programs speak to a generation: as panfrost does. A trace with sparse mappings is native only where there are any. */
export function userspace(gen: Generation): Userspace {
  return {
    speaks: (header, requests) =>
      header.driver === "panthor" &&
      (gen.sparse ||
        !requests.some(
          (r) =>
            r.op === "vm_bind" && r.ops.some((op) => op.kind === "map_null" || (op.flags & MAP_SPARSE) !== 0),
        )),
    lift,
    lower: () => lower(gen),
  };
}
