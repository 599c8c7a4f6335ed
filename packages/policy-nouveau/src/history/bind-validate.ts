import { EINVAL, type Errno, type Steps } from "@gpuvm/core";
import type { NvDevice } from "../device.ts";
import type { NouveauBo } from "../gem/bo.ts";
import { validate } from "../ttm/validate.ts";

/**
 * Objects to map have to be where the GPU can reach them (`bind_lock_validate`). Before 3359a372efb6 (7.3) a bind mapped
 * whatever memory an object had (bug N3).
 *
 * @returns 0; -EINVAL for an object that may be nowhere in the GPU's reach; -ENOMEM
 */
export function* validateForBind(nv: NvDevice, bo: NouveauBo): Steps<Errno> {
  if (nv.defects.has("N3")) return 0;
  return bo.validDomains === 0 ? -EINVAL : yield* validate(nv, bo);
}
