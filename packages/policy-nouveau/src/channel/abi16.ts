import { ENOMEM, type Errno, type Steps } from "@gpuvm/core";
import { lock, unlock, waitFence } from "@gpuvm/drm-model";
import type { NouveauCli } from "../cli.ts";
import type { NvDevice } from "../device.ts";
import { NouveauBo } from "../gem/bo.ts";
import { boInit } from "../gem/bo-init.ts";
import { GART } from "../gem/domains.ts";
import { NouveauSched } from "../sched/sched.ts";
import { vmaDel, vmaDetach, vmaFind, vmaNew } from "../vmm/vma.ts";
import type { Channel } from "./channel.ts";
import { deleteChannel } from "./recovery.ts";
import { Timeline } from "./timeline.ts";

/** Bytes of a channel's push buffer and its indirect one (`nouveau_channel_ctor`). */
const PUSH_BYTES = 0x10000 + 0x2000;

/** How long a fence of a channel is waited for: 15 s (`nouveau_fence_emit`). */
const FENCE_NS = 15e9;

/** Entries of a channel's ring (`NV50_DMA_IB_MAX`). */
const IB_MAX = 1023;

/** A channel without memory of its own, of a number of a client. */
export function addChannel(
  cli: NouveauCli,
  id: number,
  name: string,
  bos: readonly NouveauBo[] = [],
): Channel {
  const { machine } = cli;
  const label = `channel ${id} of file ${cli.id}`;
  const timeline = new Timeline(machine);
  const channel: Channel = {
    name,
    bos,
    timeline,
    sched: new NouveauSched(machine, label, `scheduler's mutex of ${label}`, IB_MAX),
    get killed() {
      return timeline.killed;
    },
  };
  cli.channels.set(id, channel);
  return channel;
}

/** `nouveau_abi16_ioctl_channel_alloc`, under the client's mutex; -ENOMEM. */
export function* createChannel(
  nv: NvDevice,
  cli: NouveauCli,
  id: number,
  notifier: number | undefined,
): Steps<Errno> {
  const { dev } = nv;
  yield* lock(dev, cli.mutex, "nouveau_abi16_get");
  const ret = yield* create(nv, cli, id, notifier);
  unlock(dev, cli.mutex);
  return ret;
}

function* create(nv: NvDevice, cli: NouveauCli, id: number, notifier: number | undefined): Steps<Errno> {
  const { dev } = nv;
  cli.disableUvmm();
  if (dev.stopsFor("alloc", "nouveau_abi16_ioctl_channel_alloc")) yield dev.point;
  if (!dev.mayAlloc("nouveau_channel")) return -ENOMEM;
  const self = { name: `queue#${dev.serial()}` };
  const bos: NouveauBo[] = [];
  for (const size of [PUSH_BYTES, 4096]) {
    const bo = new NouveauBo(nv, { size, domain: GART, holder: self });
    const ret = yield* pinAndMap(nv, cli, bo);
    if (ret === 0) {
      bos.push(bo);
      continue;
    }
    bo.put(self);
    for (const other of bos) {
      yield* unmapAndUnpin(nv, cli, other);
      other.put(self);
    }
    return ret;
  }
  const channel = addChannel(cli, id, self.name, bos);
  const [, ntfy] = bos;
  if (notifier === undefined || ntfy === undefined) return 0;
  ntfy.get("creator");
  const ret = yield* openHandle(nv, cli, ntfy);
  if (ret !== 0) {
    cli.channels.delete(id);
    ntfy.put("creator");
    yield* destroyChannel(nv, cli, channel);
    return ret;
  }
  if (dev.stopsFor("publish", "drm_gem_handle_create")) yield dev.point;
  cli.publish(notifier, ntfy);
  return 0;
}

/**
 * `nouveau_abi16_chan_fini`, under the client's mutex: cancels what has not begun, and waits for what has, until the
 * channel is idle and its jobs are given back.
 */
export function* destroyChannel(nv: NvDevice, cli: NouveauCli, channel: Channel): Steps<void> {
  const { sched, timeline } = channel;
  const [push, ntfy] = channel.bos;
  sched.kill();
  yield* channelIdle(nv, timeline);
  yield* sched.fini();
  if (ntfy !== undefined) yield* release(nv, cli, channel, ntfy);
  deleteChannel(nv, timeline);
  if (push !== undefined) yield* release(nv, cli, channel, push);
}

/** `nouveau_channel_idle`: waits for all that the channel has, for at most 15 s on machines with timeouts. */
function* channelIdle({ machine, dev }: NvDevice, timeline: Timeline): Steps<void> {
  const { last, killed } = timeline;
  if (last === null || killed) return;
  if (machine.options.timeouts !== true) {
    yield* waitFence(dev, last, "nouveau_channel_idle");
    return;
  }
  let late = false;
  const limit = machine.timers.add(machine.now + FENCE_NS, () => {
    late = true;
  });
  if (dev.waitsUntil(() => late || last.signaled, "nouveau_channel_idle")) yield dev.point;
  machine.timers.cancel(limit);
}

function* release(nv: NvDevice, cli: NouveauCli, channel: Channel, bo: NouveauBo): Steps<void> {
  yield* unmapAndUnpin(nv, cli, bo);
  bo.put(channel);
}

/** A handle is about to be made (`nouveau_gem_object_open`): without VM_BIND it maps, or counts one user more. */
export function* openHandle(nv: NvDevice, cli: NouveauCli, bo: NouveauBo): Steps<Errno> {
  const { dev } = nv;
  if (dev.stopsAt(bo.resv, "nouveau_gem_object_open")) yield dev.point;
  bo.resv.acquire(dev.current);
  const ret = cli.uvmm === null ? yield* vmaNew(nv, bo, cli.vmm) : 0;
  bo.used();
  unlock(dev, bo.resv);
  return ret;
}

/** A buffer of the channel's own: memory, pinned and mapped (`nouveau_bo_new_map_gpu`). */
function* pinAndMap(nv: NvDevice, cli: NouveauCli, bo: NouveauBo): Steps<Errno> {
  const { dev } = nv;
  let ret = yield* boInit(bo);
  if (ret !== 0) return ret;
  if (dev.stopsAt(bo.resv, "nouveau_bo_pin")) yield dev.point;
  bo.resv.acquire(dev.current);
  bo.pins++;
  ret = yield* vmaNew(nv, bo, cli.vmm);
  if (ret !== 0) bo.pins--;
  unlock(dev, bo.resv);
  return ret;
}

function* unmapAndUnpin(nv: NvDevice, cli: NouveauCli, bo: NouveauBo): Steps<void> {
  const { dev } = nv;
  if (dev.stopsAt(bo.resv, "nouveau_vma_del")) yield dev.point;
  bo.resv.acquire(dev.current);
  const vma = vmaFind(bo, cli.vmm);
  const last = vma !== undefined && --vma.refs === 0;
  if (last) vmaDetach(vma);
  bo.pins--;
  unlock(dev, bo.resv);
  if (last) yield* vmaDel(nv, vma);
}
