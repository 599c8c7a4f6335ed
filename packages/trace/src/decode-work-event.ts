/** Decoders of the events about queues and the work on them. */
import type { ChannelNew, CommandRange, Exec, PvrJob, QueueNew, Submit, WaitFence } from "@gpuvm/drm-model";
import { decodeSyncLists, decodeSyncOps } from "./decode-sync-event.ts";
import { EventProblem } from "./event-problem.ts";
import { bool, type DecodeState, positive, tuples, uint, uints } from "./field.ts";
import type { Mutable, RawEvent } from "./raw-event.ts";

function commandRanges(s: DecodeState, value: unknown, field: string): readonly CommandRange[] {
  return tuples(s, value, field, 2, 3) as unknown as readonly CommandRange[];
}

function buffers(s: DecodeState, value: unknown): readonly number[] {
  const bos = uints(s, value, "bos");
  for (let i = 0; i < bos.length; i++) {
    const bo = bos[i] as number;
    if (bo !== 0) s.buffers.need(bo, "bos");
  }
  return bos;
}

function indexes(s: DecodeState, value: unknown, field: string, length: number): readonly number[] {
  const items = uints(s, value, field);
  for (let i = 0; i < items.length; i++) {
    if ((items[i] as number) >= length) {
      throw new EventProblem(
        field,
        `${field} holds ${items[i]}, but bos has ${length} entries`,
        `${field} lists positions in bos, counted from 0`,
      );
    }
  }
  return items;
}

/** `submit` */
export function decodeSubmit(s: DecodeState, raw: RawEvent, t: number, f: number): Submit {
  const bos = raw.bos === null ? null : buffers(s, raw.bos);
  const length = bos === null ? 0 : bos.length;
  const e: Mutable<Submit> = { t, f, op: "submit", bos, writes: indexes(s, raw.w, "w", length) };
  if (raw.queue !== undefined) e.queue = uint(s, raw.queue, "queue");
  if (raw.fence !== undefined) e.fence = uint(s, raw.fence, "fence");
  if (raw.flags !== undefined) e.flags = uint(s, raw.flags, "flags");
  if (raw.cmds !== undefined) e.cmds = uint(s, raw.cmds, "cmds");
  if (raw.in !== undefined) e.in = uint(s, raw.in, "in");
  if (raw.out !== undefined) e.out = uint(s, raw.out, "out");
  if (raw.ib !== undefined) e.ib = commandRanges(s, raw.ib, "ib");
  if (raw.vram !== undefined) e.vram = indexes(s, raw.vram, "vram", length);
  if (raw.relocs !== undefined) e.relocs = uint(s, raw.relocs, "relocs");
  if (raw.channel !== undefined) e.channel = uint(s, raw.channel, "channel");
  if (raw.vm !== undefined) e.vm = uint(s, raw.vm, "vm");
  if (raw.work !== undefined) e.work = bool(raw.work, "work");
  if (raw.sync_ops !== undefined) e.syncOps = decodeSyncOps(s, raw.sync_ops);
  return e;
}

/** `exec` */
export function decodeExec(s: DecodeState, raw: RawEvent, t: number, f: number): Exec {
  const e: Mutable<Exec> = { t, f, op: "exec" };
  if (raw.queue !== undefined) e.queue = uint(s, raw.queue, "queue");
  if (raw.channel !== undefined) e.channel = uint(s, raw.channel, "channel");
  if (raw.push !== undefined) e.push = commandRanges(s, raw.push, "push");
  if (raw.jobs !== undefined) e.jobs = tuples(s, raw.jobs, "jobs", 3, 3) as unknown as readonly PvrJob[];
  if (raw.addr !== undefined) e.addr = uint(s, raw.addr, "addr");
  if (raw.batches !== undefined) e.batches = uint(s, raw.batches, "batches");
  if (raw.in !== undefined) e.in = uint(s, raw.in, "in");
  if (raw.out !== undefined) e.out = uint(s, raw.out, "out");
  if (raw.syncs !== undefined) e.syncs = uint(s, raw.syncs, "syncs");
  if (raw.sync_ops !== undefined) {
    const [parts, name] = e.jobs === undefined ? [e.push ?? [], "push"] : [e.jobs, "jobs"];
    e.syncOps = decodeSyncLists(s, raw.sync_ops, parts, name);
  }
  return e;
}

/** `queue_new` */
export function decodeQueueNew(s: DecodeState, raw: RawEvent, t: number, f: number): QueueNew {
  const e: Mutable<QueueNew> = { t, f, op: "queue_new", queue: uint(s, raw.queue, "queue") };
  if (raw.vm !== undefined) e.vm = uint(s, raw.vm, "vm");
  if (raw.class !== undefined) e.class = uint(s, raw.class, "class");
  if (raw.flags !== undefined) e.flags = uint(s, raw.flags, "flags");
  if (raw.prio !== undefined) e.prio = uint(s, raw.prio, "prio");
  if (raw.queues !== undefined) e.queues = uint(s, raw.queues, "queues");
  return e;
}

/** `channel_new`: the kernel makes the notifier buffer with the channel, so its serial starts here. */
export function decodeChannelNew(s: DecodeState, raw: RawEvent, t: number, f: number): ChannelNew {
  const e: Mutable<ChannelNew> = { t, f, op: "channel_new", channel: uint(s, raw.channel, "channel") };
  if (raw.vm !== undefined) e.vm = uint(s, raw.vm, "vm");
  if (raw.class !== undefined) e.class = uint(s, raw.class, "class");
  if (raw.flags !== undefined) e.flags = uint(s, raw.flags, "flags");
  if (raw.prio !== undefined) e.prio = uint(s, raw.prio, "prio");
  if (raw.notifier_bo !== undefined) {
    e.notifierBo = positive(s, raw.notifier_bo, "notifier_bo");
    s.buffers.create(e.notifierBo, "notifier_bo");
  }
  return e;
}

/** `wait_fence` */
export function decodeWaitFence(s: DecodeState, raw: RawEvent, t: number, f: number): WaitFence {
  const e: Mutable<WaitFence> = { t, f, op: "wait_fence", fence: uint(s, raw.fence, "fence") };
  if (raw.queue !== undefined) e.queue = uint(s, raw.queue, "queue");
  return e;
}
