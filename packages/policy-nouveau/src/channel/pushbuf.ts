import {
  type DmaFence,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  DrmExec,
  EINVAL,
  ENODEV,
  ENOENT,
  ENOSYS,
  type Errno,
  type Steps,
  USAGE_READ,
  USAGE_WRITE,
} from "@gpuvm/core";
import {
  type Bo,
  countSubmit,
  type GpuUse,
  type GpuView,
  lock,
  Marks,
  type NamingJob,
  type RequestOf,
  unlock,
} from "@gpuvm/drm-model";
import type { NouveauCli } from "../cli.ts";
import type { NouveauBo } from "../gem/bo.ts";
import { GART, VRAM } from "../gem/domains.ts";
import { putRefused } from "../history/pushbuf.ts";
import { validate } from "../ttm/validate.ts";
import { type NvVma, vmaFind } from "../vmm/vma.ts";
import type { Channel } from "./channel.ts";
import { fenceSync, syncCheck } from "./fence-sync.ts";
import { waitsForOthers } from "./in-order.ts";
import { watchSwitch } from "./recovery.ts";

/** `NOUVEAU_GEM_MAX_BUFFERS`. */
export const MAX_BUFFERS = 1024;

/**
 * `nouveau_gem_ioctl_pushbuf`: the program lists what its work uses. The list holds the objects for the length of the
 * call; after that the fence in their dma_resvs keeps their memory, and the mappings remember it. The client's mutex is
 * held from end to end.
 *
 * @returns 0; -ENOSYS after VM_INIT; -ENOENT for an unknown channel or buffer, -ENODEV for a killed channel; -EINVAL for
 * a buffer that is listed twice, or that is not mapped; -ENOMEM; -ERESTARTSYS or -EINTR: a signal ended a wait
 */
export function* pushbuf(cli: NouveauCli, request: RequestOf<"submit">): Steps<Errno> {
  return yield* countSubmit(cli.nv.machine, () => underMutex(cli, request), request.bos?.length);
}

function* underMutex(cli: NouveauCli, request: RequestOf<"submit">): Steps<Errno> {
  const { dev } = cli.nv;
  yield* lock(dev, cli.mutex, "nouveau_abi16_get");
  const ret = yield* submit(cli, request);
  unlock(dev, cli.mutex);
  return ret;
}

function* submit(cli: NouveauCli, request: RequestOf<"submit">): Steps<Errno> {
  const { nv } = cli;
  if (cli.uvmm !== null) return -ENOSYS;
  const channel = request.channel === undefined ? undefined : cli.channels.get(request.channel);
  if (channel === undefined) return -ENOENT;
  if (channel.killed) return -ENODEV;
  // Only a question for how much memory there is.
  if (request.cmds === 0) return 0;
  const handles = request.bos ?? [];
  if (handles.length > MAX_BUFFERS) return -EINVAL;
  const list = new BufferList();
  const exec = new DrmExec(nv.dev, DRM_EXEC_INTERRUPTIBLE_WAIT);
  exec.interrupt = cli.process;
  const after: DmaFence[] = [];
  let ret = lookUp(cli, handles, list);
  const { bos } = list;
  list.writes.set(request.writes, bos.length);
  if (ret === 0) ret = yield* reserve(exec, bos);
  if (ret === 0) ret = yield* validateList(cli, channel, list, after);
  if (ret === 0) {
    const fence = channel.timeline.nextOnGpu();
    for (let i = 0; i < bos.length; i++) {
      const bo = bos[i] as NouveauBo;
      const writes = list.writes.has(i);
      waitsForOthers(nv, bo, channel, writes, after);
      (vmaFind(bo, cli.vmm) as NvVma).fence = fence;
      bo.resv.addFence(fence, writes ? USAGE_WRITE : USAGE_READ);
      bo.used();
    }
    run(cli, bos, fence, after);
  }
  // validate_fini
  exec.fini();
  for (let i = 0; i < bos.length; i++) {
    const bo = bos[i] as NouveauBo;
    bo.reservedBy = null;
    bo.put("ioctl");
  }
  return ret;
}

/** The lookups of `validate_init`. */
function lookUp(cli: NouveauCli, handles: readonly number[], { bos }: BufferList): Errno {
  for (let i = 0; i < handles.length; i++) {
    const bo = cli.lookup(handles[i] as number, "ioctl");
    if (bo === null) return -ENOENT;
    if (bo.reservedBy === cli) {
      putRefused(cli.nv, bo);
      return -EINVAL;
    }
    bo.reservedBy = cli;
    bos.push(bo);
    if (vmaFind(bo, cli.vmm) === undefined) return -EINVAL;
  }
  return 0;
}

/** The locks of `validate_init`. */
function* reserve(exec: DrmExec, bos: readonly NouveauBo[]): Steps<Errno> {
  while (exec.untilAllLocked()) {
    const ret = yield* exec.prepareArray(bos, 1);
    if (exec.contended !== null) continue;
    if (ret !== 0) return ret;
  }
  return 0;
}

/** `validate_list`: brings each object to where it is used, and has the work wait for what others do with it. */
function* validateList(cli: NouveauCli, channel: Channel, list: BufferList, after: DmaFence[]): Steps<Errno> {
  const { nv } = cli;
  const { bos } = list;
  const needsSync = syncCheck(channel);
  for (let i = 0; i < bos.length; i++) {
    const bo = bos[i] as NouveauBo;
    if (bo.validDomains === 0) return -EINVAL;
    const ret = yield* validate(nv, bo, wanted(bo));
    if (ret !== 0) return ret;
    // Another thread may have closed the handle meanwhile.
    if (vmaFind(bo, cli.vmm) === undefined) return -EINVAL;
    bo.resv.reserve(1);
    const writes = list.writes.has(i);
    if (!needsSync(bo.resv, writes)) continue;
    const fences = yield* fenceSync(nv, bo.resv, channel, writes, cli.process);
    if (typeof fences === "number") return fences;
    after.push(...fences);
  }
  return 0;
}

/** Where an object is best used: where it is, or in VRAM (`nouveau_gem_set_domain`). */
function wanted(bo: NouveauBo): number {
  const here = bo.lies & bo.validDomains;
  if (here !== 0) return here;
  return (bo.validDomains & VRAM) !== 0 ? VRAM : GART;
}

function run(cli: NouveauCli, bos: readonly NouveauBo[], fence: DmaFence, after: readonly DmaFence[]): void {
  cli.nv.tell?.(["pushbuf"]);
  cli.nv.engine.submit({ fence, after, uses: new PushbufWork(cli.vmm.mmu.view, bos) });
  watchSwitch(cli.nv);
}

/** What a call lists. */
class BufferList {
  readonly bos: NouveauBo[] = [];
  /** What of it is written. */
  readonly writes: Marks = new Marks();
}

/** The work of a call. What it names is kept in sight, to see whether it is unmapped under it. */
class PushbufWork implements GpuUse, NamingJob {
  readonly #view: GpuView;
  readonly #bos: readonly NouveauBo[];

  constructor(view: GpuView, bos: readonly NouveauBo[]) {
    this.#view = view;
    this.#bos = bos;
    view.naming.add(this);
  }

  names(bo: Bo): boolean {
    return this.#bos.includes(bo as NouveauBo);
  }

  starts(): void {}

  stops(): void {
    this.#view.naming.delete(this);
  }
}
