import type { Request, TraceHeader, Userspace } from "@gpuvm/drm-model";
import { lift } from "./lift.ts";
import { lowerToBinds } from "./lower-binds.ts";
import { lowerToPushbuf } from "./lower-pushbuf.ts";

function own(header: TraceHeader): boolean {
  return header.driver === "nouveau";
}

/** Programs as NVK writes them. The driver answers recordings of the older interface, too, as they are. */
export const vmBindUserspace: Userspace = { speaks: own, lift, lower: lowerToBinds };

/** Programs as the OpenGL driver nvc0 writes them. */
export const legacyUserspace: Userspace = {
  speaks: (header: TraceHeader, requests: readonly Request[]) =>
    own(header) && !requests.some(({ op }) => op === "vm_init"),
  lift,
  lower: lowerToPushbuf,
};
