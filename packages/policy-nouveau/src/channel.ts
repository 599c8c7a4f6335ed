import { ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { unlock, waitFence } from "@gpuvm/drm-model";
import { NouveauBo } from "./bo.ts";
import type { NouveauCli } from "./cli.ts";
import { type NvDevice, Timeline } from "./device.ts";
import { GART } from "./domains.ts";
import { vmaDel, vmaDetach, vmaNew } from "./vma.ts";

/** Bytes of a channel's push buffer and its indirect one (`nouveau_channel_ctor`). */
const PUSH_BYTES = 0x10000 + 0x2000;

/** A channel (`struct nouveau_abi16_chan`): holds its push buffer and the notifier that the program has a handle of. */
export interface Channel {
  /** `queue#3`, for findings. */
  readonly name: string;
  readonly push: NouveauBo;
  readonly ntfy: NouveauBo;
  /** Fences of its work. */
  readonly timeline: Timeline;
}

/** `nouveau_abi16_ioctl_channel_alloc`; -ENOMEM. */
export function* createChannel(
  nv: NvDevice,
  cli: NouveauCli,
  id: number,
  notifier: number | undefined,
): Steps<Errno> {
  const { dev, machine } = nv;
  if (dev.stopsFor("alloc", "nouveau_abi16_ioctl_channel_alloc")) yield dev.point;
  if (!dev.mayAlloc("nouveau_channel")) return -ENOMEM;
  const name = `queue#${dev.serial()}`;
  const self = { name };
  const push = new NouveauBo(nv, { size: PUSH_BYTES, domain: GART, holder: self });
  const ntfy = new NouveauBo(nv, { size: 4096, domain: GART, holder: self });
  const channel: Channel = { name, push, ntfy, timeline: new Timeline(machine) };
  for (const bo of [push, ntfy]) {
    const ret = yield* pinAndMap(nv, cli, bo);
    if (ret !== 0) {
      if (bo === ntfy) yield* unmapAndUnpin(nv, cli, push);
      ntfy.put(channel);
      push.put(channel);
      return ret;
    }
  }
  if (notifier !== undefined) {
    ntfy.get("creator");
    const ret = yield* openHandle(nv, cli, ntfy);
    if (ret !== 0) {
      ntfy.put("creator");
      yield* destroyChannel(nv, cli, channel);
      return ret;
    }
    if (dev.stopsFor("publish", "drm_gem_handle_create")) yield dev.point;
    cli.publish(notifier, ntfy);
  }
  cli.channels.set(id, channel);
  return 0;
}

/** `nouveau_abi16_chan_fini`: waits until the channel is idle. */
export function* destroyChannel(nv: NvDevice, cli: NouveauCli, channel: Channel): Steps<void> {
  const { last } = channel.timeline;
  if (last !== null) yield* waitFence(nv.dev, last, "nouveau_channel_idle");
  for (const bo of [channel.ntfy, channel.push]) {
    yield* unmapAndUnpin(nv, cli, bo);
    bo.put(channel);
  }
}

/** A handle is about to be made (`nouveau_gem_object_open`): without VM_BIND it maps, or counts one user more. */
export function* openHandle(nv: NvDevice, cli: NouveauCli, bo: NouveauBo): Steps<Errno> {
  if (cli.uvmm !== null) return 0;
  const { dev } = nv;
  if (dev.stopsAt(bo.resv, "nouveau_gem_object_open")) yield dev.point;
  bo.resv.acquire(dev.current);
  const ret = yield* vmaNew(nv, bo, cli.vmm);
  unlock(dev, bo.resv);
  return ret;
}

function* pinAndMap(nv: NvDevice, cli: NouveauCli, bo: NouveauBo): Steps<Errno> {
  const { dev } = nv;
  if (dev.stopsAt(bo.resv, "nouveau_bo_pin")) yield dev.point;
  bo.resv.acquire(dev.current);
  bo.pins++;
  const ret = yield* vmaNew(nv, bo, cli.vmm);
  if (ret !== 0) bo.pins--;
  unlock(dev, bo.resv);
  return ret;
}

function* unmapAndUnpin(nv: NvDevice, cli: NouveauCli, bo: NouveauBo): Steps<void> {
  const { dev } = nv;
  if (dev.stopsAt(bo.resv, "nouveau_vma_del")) yield dev.point;
  bo.resv.acquire(dev.current);
  const vma = bo.vmas.get(cli.vmm);
  const last = vma !== undefined && --vma.refs === 0;
  if (last) vmaDetach(vma);
  bo.pins--;
  unlock(dev, bo.resv);
  if (last) yield* vmaDel(nv, vma);
}
