import type { Request } from "../request.ts";
import type { Lifter, Userspace } from "../uapi/driver.ts";
import type { PrivateBuffers } from "./private-buffers.ts";

/**
 * A trace's requests in the terms of another driver, through the neutral form.
 *
 * @param buffers what a first reading of the same requests found; default: no buffer becomes private
 */
export function translator(
  from: Lifter,
  to: Userspace,
  buffers?: PrivateBuffers,
): (request: Request) => readonly Request[] {
  const lower = to.lower();
  const privately = buffers?.apply();
  if (privately === undefined) return (request) => from(request).flatMap((neutral) => [...lower(neutral)]);
  return (request) =>
    from(request)
      .flatMap(privately)
      .flatMap((neutral) => [...lower(neutral)]);
}
