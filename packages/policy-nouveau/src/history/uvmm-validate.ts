import type { Errno, Steps } from "@gpuvm/core";
import type { NvDevice } from "../device.ts";
import type { NouveauBo } from "../gem/bo.ts";
import { ttmValidate, validate } from "../ttm/validate.ts";

/**
 * A VM's evicted object is wanted again (`nouveau_uvmm_bo_validate`): it goes to where its domains let it be. Before
 * 6.11 it went by the placement that its eviction had left (bug N8).
 */
export function* uvmmValidate(nv: NvDevice, bo: NouveauBo): Steps<Errno> {
  return nv.defects.has("N8") ? yield* ttmValidate(nv, bo) : yield* validate(nv, bo);
}
