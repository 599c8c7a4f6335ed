import { ENODEV } from "@gpuvm/core";
import { GpuEngine, type GpuJob } from "@gpuvm/drm-model";
import type { NvDevice } from "../device.ts";
import { ownerOf, type Timeline } from "./timeline.ts";

/**
 * How long the hardware tries to switch to another channel: 1 s. It differs between GPUs, and is less than the 10 s for
 * which nvkm waits for a channel to go (`nvkm_fifo.timeout.chan_msec`).
 */
const SWITCH_NS = 1e9;

/** `nouveau_channel_kill`: the channel takes no more, and fences of what it has signal with -ENODEV. The GPU is told nothing. */
export function killChannel(nv: NvDevice, timeline: Timeline): void {
  if (!timeline.killed) killFences(nv, timeline, -ENODEV);
}

/** `nouveau_fence_context_kill`. */
function killFences({ engine }: NvDevice, timeline: Timeline, error: number): void {
  timeline.killed = true;
  if (!(engine instanceof GpuEngine)) return;
  for (const { fence } of engine.jobs) if (ownerOf(fence) === timeline) fence.signal(error);
}

/** A channel goes (`nouveau_channel_del`): nobody waits any longer for what it has, and then the GPU leaves it. */
export function deleteChannel(nv: NvDevice, timeline: Timeline): void {
  killFences(nv, timeline, 0);
  // nvkm_chan_remove
  leave(nv, timeline);
}

/**
 * The hardware gives up the channel whose job is at hand, after a fault or a context switch that took too long: the engine is
 * reset, and then the driver is told (`nouveau_channel_killed`). Fences of the channel's work signal with -ENODEV, and it takes no
 * more; other channels' work goes on.
 *
 * @returns whether there was one; the driver's own channel is never given up
 */
export function failChannel(nv: NvDevice): boolean {
  const { engine } = nv;
  const [hand] = engine instanceof GpuEngine ? engine.jobs : [];
  const failed = hand === undefined ? undefined : ownerOf(hand.fence);
  if (failed === undefined || failed === nv.driver.channel.timeline) return false;
  const had = leave(nv, failed);
  failed.killed = true;
  for (const { fence } of had) fence.signal(-ENODEV);
  return true;
}

/** The GPU leaves a channel (`nvkm_runl_rc`, `nvkm_chan_remove`). @returns what that had, oldest first */
function leave(nv: NvDevice, timeline: Timeline): readonly GpuJob[] {
  const { engine } = nv;
  if (!(engine instanceof GpuEngine)) return [];
  const had = engine.jobs.filter(({ fence }) => ownerOf(fence) === timeline);
  if (had.length === 0) return had;
  engine.remove(({ fence }) => ownerOf(fence) === timeline);
  watchSwitch(nv);
  return had;
}

/**
 * The GPU hangs, and another channel wants it: the switch takes too long, and the hardware says so
 * (`gf100_fifo_intr_ctxsw_timeout`, or the firmware: `r535_fifo_rc_triggered`). With one channel nothing is switched. On machines
 * with timeouts.
 */
export function watchSwitch(nv: NvDevice): void {
  const { machine, engine, hardwareWatch } = nv;
  if (machine.options.timeouts !== true || !(engine instanceof GpuEngine)) return;
  if (!engine.hung || hardwareWatch.timer !== null || !wantsSwitch(engine)) return;
  hardwareWatch.timer = machine.timers.add(machine.now + SWITCH_NS, () => {
    hardwareWatch.timer = null;
    if (engine.hung && wantsSwitch(engine)) failChannel(nv);
  });
}

function wantsSwitch({ jobs: [hand, ...behind] }: GpuEngine): boolean {
  return hand !== undefined && behind.some(({ fence }) => ownerOf(fence) !== ownerOf(hand.fence));
}
