import type { Errno, Steps } from "@gpuvm/core";
import { lock, unlock } from "@gpuvm/drm-model";
import { ttmValidate } from "../ttm/validate.ts";
import type { NouveauBo } from "./bo.ts";

/**
 * Gives a new object memory (`nouveau_bo_init`). A private one is made under the VM's lock.
 *
 * @returns 0; -ENOMEM, and the object is given up
 */
export function* boInit(bo: NouveauBo): Steps<Errno> {
  const { nv } = bo;
  const { dev } = nv;
  if (bo.rObj === null) bo.resv.tryAcquire(dev.current);
  else yield* lock(dev, bo.resv, "nouveau_gem_new");
  const ret = yield* ttmValidate(nv, bo);
  // A private one is not put to the list's end: its lock is the VM's, and goes another way.
  if (ret === 0 && bo.rObj === null) bo.used();
  unlock(dev, bo.resv);
  return ret;
}
