import {
  DRM_EXEC_IGNORE_DUPLICATES,
  ENOENT,
  ENOMEM,
  ENOSYS,
  type Errno,
  GpuvmExec,
  type Steps,
  USAGE_WRITE,
} from "@gpuvm/core";
import { noteUse, type RequestOf, unlock } from "@gpuvm/drm-model";
import type { NouveauCli } from "./cli.ts";

/**
 * `nouveau_exec_ioctl_exec`: everything mapped counts as used and as written. Locks the VM and each object that is not
 * private, brings back what was evicted, fences all.
 *
 * @param named told how many objects were locked
 * @returns 0; -ENOSYS without VM_INIT; -ENOENT for an unknown channel; -ENOMEM
 */
export function* execIoctl(
  cli: NouveauCli,
  request: RequestOf<"exec">,
  named: (objects: number) => void,
): Steps<Errno> {
  const { uvmm, nv } = cli;
  const { dev } = nv;
  if (uvmm === null) return -ENOSYS;
  const channel = request.channel === undefined ? undefined : cli.channels.get(request.channel);
  if (channel === undefined) return -ENOENT;
  if (dev.stopsFor("alloc", "nouveau_exec_job_init")) yield dev.point;
  if (!dev.mayAlloc("nouveau_exec_job")) return -ENOMEM;

  const vme = new GpuvmExec(uvmm.vm, DRM_EXEC_IGNORE_DUPLICATES, 1);
  if (dev.stopsAt(uvmm.mutex, "nouveau_exec_job_submit")) yield dev.point;
  uvmm.mutex.acquire(dev.current);
  let ret = yield* vme.lock();
  unlock(dev, uvmm.mutex);
  if (ret !== 0) return ret;
  ret = yield* vme.validate();
  if (ret !== 0) {
    vme.unlock();
    return ret;
  }
  named(vme.exec?.objects.length ?? 0);
  const fence = channel.timeline.next();
  vme.addFence(fence, USAGE_WRITE, USAGE_WRITE);
  vme.unlock();
  const bind = (request.in ?? 0) > 0 ? cli.binds.last : null;
  const work = request.push?.some(([, bytes]) => bytes > 0) ?? false;
  // Nobody is in a bind, and the last one is done or waited for.
  const still = uvmm.mutex.owner === null && cli.schedMutex.owner === null;
  const settled = still && ((request.in ?? 0) > 0 || (cli.binds.last?.signaled ?? true));
  const uses = work ? noteUse(nv.machine, fence, { vm: uvmm.record, keeps: "memory", settled }) : undefined;
  nv.engine.submit({ fence, after: bind === null ? [] : [bind], work, uses });
  return 0;
}
