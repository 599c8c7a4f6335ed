import { EINVAL, ENOENT, ENOMEM, type Errno, ETIME, type Steps } from "@gpuvm/core";
import type { CountedFence } from "../gpu/counted-fence.ts";
import type { Machine } from "../machine/machine.ts";
import type { Request } from "../request.ts";
import type {
  SyncobjExport,
  SyncobjImport,
  SyncobjSignal,
  SyncobjTransfer,
  SyncobjWait,
} from "../sync-request.ts";
import type { DrmFile } from "./file.ts";
import { waitFenceInterruptible, waitUntilInterruptible } from "./lock.ts";
import { SyncObj } from "./sync-obj.ts";

/** `DRM_SYNCOBJ_WAIT_FLAGS_*` */
const WAIT_ALL = 1;
const WAIT_FOR_SUBMIT = 2;
const WAIT_AVAILABLE = 4;

const HOLDER = "ioctl";

/**
 * DRM's own calls on syncobjs, for the end of a driver's table of calls.
 *
 * @param otherwise what any other request is answered with
 * @returns 0, -ENOENT for an unknown syncobj, or what the call of DRM answers
 */
export function* syncobjIoctl(file: DrmFile, request: Request, otherwise: Errno): Steps<Errno> {
  switch (request.op) {
    case "syncobj_create":
      return create(file, request.syncobj, request.signaled ?? false);
    case "syncobj_destroy": {
      const syncobj = file.syncobjs.get(request.syncobj);
      // drm_syncobj_destroy
      if (syncobj === undefined) return -EINVAL;
      file.syncobjs.delete(request.syncobj);
      syncobj.put();
      return 0;
    }
    case "syncobj_reset":
      return each(file, request.syncobjs, (syncobj) => syncobj.replace(null));
    case "syncobj_signal":
      return signal(file, request);
    case "syncobj_wait":
      return yield* wait(file, request);
    case "syncobj_transfer":
      return transfer(file, request);
    case "syncobj_export":
      return exportFd(file, request);
    case "syncobj_import":
      return importFd(file, request);
    default:
      return otherwise;
  }
}

/** A file closes: its syncobjs go, and the descriptors that it made of some (`drm_syncobj_release`). */
export function releaseSyncobjs(file: DrmFile): void {
  for (const syncobj of file.syncobjs.values()) syncobj.put();
  file.syncobjs.clear();
  const { descriptors } = file.machine;
  for (const [fd, { of }] of descriptors) if (of === file) forget(file, fd);
}

/** A descriptor is closed. */
function forget({ machine }: DrmFile, fd: number): void {
  kept(machine, fd)?.put();
  machine.descriptors.delete(fd);
}

/** What a descriptor is of. */
function kept({ descriptors }: Machine, fd: number | undefined): SyncObj | undefined {
  const what = fd === undefined ? undefined : descriptors.get(fd)?.what;
  return what instanceof SyncObj ? what : undefined;
}

/** A handle that is given out again: the trace does not tell of the end of the one before. */
function publish(file: DrmFile, handle: number, syncobj: SyncObj): void {
  file.syncobjs.get(handle)?.put();
  file.syncobjs.set(handle, syncobj);
}

/** `drm_syncobj_create_ioctl` */
function create(file: DrmFile, handle: number, signaled: boolean): Errno {
  const { dev } = file.machine;
  if (!dev.mayAlloc("syncobj")) return -ENOMEM;
  const syncobj = new SyncObj(`syncobj ${handle} of ${file.name}`);
  if (signaled) syncobj.signal(dev);
  publish(file, handle, syncobj);
  return 0;
}

/** All are looked up before the first is touched (`drm_syncobj_array_find`). */
function each(file: DrmFile, handles: readonly number[], fn: (syncobj: SyncObj, i: number) => void): Errno {
  if (handles.length === 0) return -EINVAL;
  const syncobjs = handles.map((handle) => file.syncobjs.get(handle));
  if (syncobjs.includes(undefined)) return -ENOENT;
  for (const [i, syncobj] of syncobjs.entries()) fn(syncobj as SyncObj, i);
  return 0;
}

/** `drm_syncobj_signal_ioctl`, `drm_syncobj_timeline_signal_ioctl` */
function signal(file: DrmFile, { syncobjs, points }: SyncobjSignal): Errno {
  return each(file, syncobjs, (syncobj, i) => syncobj.signal(file.machine.dev, points?.[i] ?? 0));
}

/**
 * `drm_syncobj_array_wait_timeout`, with time enough for what is submitted. What is not is not waited for: a program's calls
 * come one after the other here, so its time is up at once.
 */
function* wait(file: DrmFile, { syncobjs, points, flags = 0 }: SyncobjWait): Steps<Errno> {
  const fences: CountedFence[] = [];
  let missing = 0;
  const ret = each(file, syncobjs, (syncobj, i) => {
    const fence = syncobj.find(HOLDER, points?.[i] ?? 0);
    if (fence === null) missing++;
    else fences.push(fence);
  });
  const answer = ret === 0 ? yield* waitFor(file, fences, missing, flags) : ret;
  for (const fence of fences) fence.put(HOLDER);
  return answer;
}

function* waitFor(
  file: DrmFile,
  fences: readonly CountedFence[],
  missing: number,
  flags: number,
): Steps<Errno> {
  const { machine, process } = file;
  const later = (flags & (WAIT_FOR_SUBMIT | WAIT_AVAILABLE)) !== 0;
  if (missing > 0 && !later) return -EINVAL;
  const all = (flags & WAIT_ALL) !== 0;
  if (missing > 0 && (all || fences.length === 0)) return -ETIME;
  if ((flags & WAIT_AVAILABLE) !== 0) return 0;
  if (!all) {
    const any = () => fences.some(({ base }) => base.signaled);
    return yield* waitUntilInterruptible(machine.dev, any, process, "drm_syncobj_array_wait_timeout");
  }
  for (const { base } of fences) {
    const ret = yield* waitFenceInterruptible(machine.dev, base, process, "drm_syncobj_array_wait_timeout");
    if (ret !== 0) return ret;
  }
  return 0;
}

/** `drm_syncobj_transfer_ioctl` */
function transfer(file: DrmFile, { src, dst, srcPoint, dstPoint = 0 }: SyncobjTransfer): Errno {
  const to = file.syncobjs.get(dst);
  const from = file.syncobjs.get(src);
  if (to === undefined || from === undefined) return -ENOENT;
  const fence = from.find(HOLDER, srcPoint ?? 0);
  if (fence === null) return -EINVAL;
  putInto(to, fence, dstPoint);
  fence.put(HOLDER);
  return 0;
}

function putInto(syncobj: SyncObj, fence: CountedFence, point: number): void {
  if (point === 0) syncobj.replace(fence);
  else syncobj.add(point, fence);
}

/**
 * `drm_syncobj_handle_to_fd_ioctl`. The fence of a sync file is kept in a syncobj of its own. When the program closes the
 * descriptor no trace tells: it is kept as long as the file.
 */
function exportFd(file: DrmFile, { syncobj: handle, fd, syncFile, point }: SyncobjExport): Errno {
  const syncobj = file.syncobjs.get(handle);
  // drm_syncobj_handle_to_fd, drm_syncobj_find_fence
  if (syncobj === undefined) return syncFile ? -ENOENT : -EINVAL;
  let what = syncobj;
  if (syncFile) {
    const fence = syncobj.find(HOLDER, point ?? 0);
    if (fence === null) return -EINVAL;
    what = new SyncObj(`sync file ${fd}`);
    what.replace(fence);
    fence.put(HOLDER);
  } else what.refs++;
  forget(file, fd);
  file.machine.descriptors.set(fd, { of: file, what });
  return 0;
}

/** `drm_syncobj_fd_to_handle_ioctl`. What came from elsewhere is taken to have signalled: nothing is known of it. */
function importFd(file: DrmFile, { syncobj: handle, fd, syncFile, point }: SyncobjImport): Errno {
  const from = kept(file.machine, fd);
  if (!syncFile) {
    if (from === undefined) return create(file, handle, true);
    from.refs++;
    publish(file, handle, from);
    return 0;
  }
  const to = file.syncobjs.get(handle);
  if (to === undefined) return -ENOENT;
  const fence = from?.find(HOLDER) ?? null;
  if (fence === null) to.signal(file.machine.dev, point ?? 0);
  else putInto(to, fence, point ?? 0);
  fence?.put(HOLDER);
  return 0;
}
