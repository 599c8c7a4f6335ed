import { EBUSY, EINVAL, ENOMEM, ENOSYS, type Errno, gpuvmResvObjectAlloc, type Steps } from "@gpuvm/core";
import { lock, preempt, unlock } from "@gpuvm/drm-model";
import type { NouveauCli } from "../cli.ts";
import type { NvDevice } from "../device.ts";
import { Uvmm, VA_SPACE } from "./uvmm.ts";

/**
 * `nouveau_uvmm_ioctl_vm_init`.
 *
 * @returns 0; -EINVAL for a bad kernel part; -ENOSYS after anything was done the old way; -EBUSY if there is one (the
 * kernel does not ask); -ENOMEM
 */
export function* vmInit(nv: NvDevice, cli: NouveauCli, kva: number, ksize: number): Steps<Errno> {
  const { dev } = nv;
  if (kva + ksize > VA_SPACE) return -EINVAL;
  yield* lock(dev, cli.mutex, "nouveau_uvmm_ioctl_vm_init");
  let ret: Errno = 0;
  if (cli.uvmmDisabled) ret = -ENOSYS;
  else if (cli.uvmm !== null) ret = -EBUSY;
  else {
    yield* preempt(dev, "alloc", "nouveau_uvmm_ioctl_vm_init");
    const rObj = dev.mayAlloc("nouveau_uvmm") ? gpuvmResvObjectAlloc(dev) : null;
    if (rObj === null) ret = -ENOMEM;
    else {
      cli.uvmm = new Uvmm(nv, cli.id, rObj, kva, ksize);
      rObj.put("creator");
      dev.ledger?.move(cli.uvmm.vm, "creator", cli);
    }
  }
  unlock(dev, cli.mutex);
  return ret;
}
