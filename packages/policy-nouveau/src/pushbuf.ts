import {
  type DmaFence,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  DrmExec,
  EINVAL,
  ENOENT,
  ENOSYS,
  type Errno,
  type Steps,
  USAGE_READ,
  USAGE_WRITE,
} from "@gpuvm/core";
import type { RequestOf } from "@gpuvm/drm-model";
import type { NouveauBo } from "./bo.ts";
import type { NouveauCli } from "./cli.ts";
import { validate } from "./ttm.ts";
import type { NvVma } from "./vma.ts";

/** `NOUVEAU_GEM_MAX_BUFFERS`. */
export const MAX_BUFFERS = 1024;

/**
 * `nouveau_gem_ioctl_pushbuf`: the program lists what its work uses. The list holds the objects for the length of the
 * call; after that the fence in their dma_resvs keeps their memory, and the mappings remember it.
 *
 * @returns 0; -ENOSYS after VM_INIT; -ENOENT for an unknown channel or buffer; -EINVAL for a buffer that is listed
 * twice, or that is not mapped; -ENOMEM
 */
export function* pushbuf(cli: NouveauCli, request: RequestOf<"submit">): Steps<Errno> {
  const { nv } = cli;
  const { dev } = nv;
  if (cli.uvmm !== null) return -ENOSYS;
  const channel = request.channel === undefined ? undefined : cli.channels.get(request.channel);
  if (channel === undefined) return -ENOENT;
  // Only a question for how much memory there is.
  if (request.cmds === 0) return 0;
  const handles = request.bos ?? [];
  if (handles.length > MAX_BUFFERS) return -EINVAL;
  const bos: NouveauBo[] = [];
  const exec = new DrmExec(dev, DRM_EXEC_INTERRUPTIBLE_WAIT);
  const token = {};
  let ret = lookUp(cli, handles, token, bos);
  if (ret === 0) ret = yield* reserveAndValidate(cli, exec, bos);
  if (ret === 0) {
    const fence = channel.timeline.next();
    const written = new Set(request.writes);
    for (let i = 0; i < bos.length; i++) {
      const bo = bos[i] as NouveauBo;
      (bo.vmas.get(cli.vmm) as NvVma).fence = fence;
      bo.resv.addFence(fence, written.has(i) ? USAGE_WRITE : USAGE_READ);
      setActive(cli, bo, 1);
    }
    run(cli, bos, fence);
  }
  // validate_fini
  exec.fini();
  for (const bo of bos) {
    bo.reservedBy = null;
    bo.put("ioctl");
  }
  return ret;
}

/** The lookups of `validate_init`. */
function lookUp(cli: NouveauCli, handles: readonly number[], token: object, bos: NouveauBo[]): Errno {
  for (const handle of handles) {
    const bo = cli.lookup(handle, "ioctl");
    if (bo === null) return -ENOENT;
    if (bo.reservedBy === token) {
      // N5: the reference of the entry that was refused was forgotten.
      if (!cli.nv.defects.has("N5")) bo.put("ioctl");
      return -EINVAL;
    }
    bo.reservedBy = token;
    bos.push(bo);
    if (!bo.vmas.has(cli.vmm)) return -EINVAL;
  }
  return 0;
}

/** The locks of `validate_init`, then `validate_list`. */
function* reserveAndValidate(cli: NouveauCli, exec: DrmExec, bos: readonly NouveauBo[]): Steps<Errno> {
  while (exec.untilAllLocked()) {
    const ret = yield* exec.prepareArray(bos, 1);
    if (exec.contended !== null) continue;
    if (ret !== 0) return ret;
  }
  for (const bo of bos) {
    if (bo.validDomains === 0) return -EINVAL;
    const ret = yield* validate(cli.nv, bo);
    if (ret !== 0) return ret;
    // Another thread may have closed the handle meanwhile.
    if (!bo.vmas.has(cli.vmm)) return -EINVAL;
  }
  return 0;
}

function run(cli: NouveauCli, bos: readonly NouveauBo[], fence: DmaFence): void {
  fence.onSignal(() => {
    for (const bo of bos) setActive(cli, bo, -1);
  });
  cli.nv.engine.submit({ fence, after: [] });
}

/** Keeps count of the running work that named an object, to see whether it is unmapped under it. */
function setActive(cli: NouveauCli, bo: NouveauBo, by: 1 | -1): void {
  const { pt } = cli.vmm;
  bo.activeIn ??= new Map();
  bo.activeIn.set(pt, (bo.activeIn.get(pt) ?? 0) + by);
}
