/** One parsed line to one {@link Request}: everything that can be said of an event by looking at it and at its buffers. */
import type { Request } from "@gpuvm/drm-model";
import {
  decodeBoOnly,
  decodeCpuPrep,
  decodeGemClose,
  decodeGemNew,
  decodeMadvise,
  decodePrimeImport,
  decodeSetIova,
  decodeSetName,
} from "./decode-buffer-event.ts";
import {
  decodeSyncobjCreate,
  decodeSyncobjExport,
  decodeSyncobjImport,
  decodeSyncobjReset,
  decodeSyncobjSignal,
  decodeSyncobjTransfer,
  decodeSyncobjWait,
  syncobj,
} from "./decode-sync-event.ts";
import {
  decodeFreeListCreate,
  decodeHeapCreate,
  decodeHeapDestroy,
  decodeHwrtCreate,
} from "./decode-tiler-event.ts";
import { decodeVmBind, decodeVmCreate, decodeVmInit } from "./decode-vm-event.ts";
import {
  decodeChannelNew,
  decodeExec,
  decodeQueueNew,
  decodeSubmit,
  decodeWaitFence,
} from "./decode-work-event.ts";
import { EventProblem } from "./event-problem.ts";
import { type DecodeState, describe, text, uint } from "./field.ts";
import type { RawEvent } from "./raw-event.ts";

/**
 * Checks a parsed line in full and makes the event of it. Keys that the format doesn't know are dropped.
 *
 * @throws EventProblem when the event is not one of the format, or refers to a buffer that doesn't exist.
 */
export function decodeEvent(s: DecodeState, value: unknown): Request {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new EventProblem(
      "",
      `the line is ${describe(value)}, not an object`,
      "each line is one event in braces",
    );
  }
  const raw = value as RawEvent;
  const t = uint(s, raw.t, "t");
  const f = raw.f === undefined ? 0 : uint(s, raw.f, "f");
  const op = raw.op;
  // The order is by how often real traces hold an event. Each has the name that stands here, and not a copy of it that the line has
  // brought: where all names are of the code, V8 compares addresses when a driver looks which call it is, and else letters.
  switch (op) {
    case "exec":
      return decodeExec(s, raw, t, f);
    case "submit":
      return decodeSubmit(s, raw, t, f);
    case "vm_bind":
      return decodeVmBind(s, raw, t, f);
    case "cpu_map":
      return decodeBoOnly(s, "cpu_map", raw, t, f);
    case "get_iova":
      return decodeBoOnly(s, "get_iova", raw, t, f);
    case "prime_export":
      return decodeBoOnly(s, "prime_export", raw, t, f);
    case "madvise":
      return decodeMadvise(s, raw, t, f);
    case "gem_new":
      return decodeGemNew(s, raw, t, f);
    case "gem_close":
      return decodeGemClose(s, raw, t, f);
    case "set_iova":
      return decodeSetIova(s, raw, t, f);
    case "wait_fence":
      return decodeWaitFence(s, raw, t, f);
    case "prime_import":
      return decodePrimeImport(s, raw, t, f);
    case "cpu_prep":
      return decodeCpuPrep(s, raw, t, f);
    case "set_name":
      return decodeSetName(s, raw, t, f);
    case "enable_vm_bind":
      return { t, f, op: "enable_vm_bind" };
    case "vm_init":
      return decodeVmInit(s, raw, t, f);
    case "vm_create":
      return decodeVmCreate(s, raw, t, f);
    case "vm_destroy":
      return { t, f, op: "vm_destroy", vm: uint(s, raw.vm, "vm") };
    case "queue_new":
      return decodeQueueNew(s, raw, t, f);
    case "queue_close":
      return { t, f, op: "queue_close", queue: uint(s, raw.queue, "queue") };
    case "channel_new":
      return decodeChannelNew(s, raw, t, f);
    case "heap_create":
      return decodeHeapCreate(s, raw, t, f);
    case "heap_destroy":
      return decodeHeapDestroy(s, raw, t, f);
    case "free_list_create":
      return decodeFreeListCreate(s, raw, t, f);
    case "hwrt_create":
      return decodeHwrtCreate(s, raw, t, f);
    case "syncobj_create":
      return decodeSyncobjCreate(s, raw, t, f);
    case "syncobj_destroy":
      return { t, f, op: "syncobj_destroy", syncobj: syncobj(s, raw) };
    case "syncobj_reset":
      return decodeSyncobjReset(s, raw, t, f);
    case "syncobj_signal":
      return decodeSyncobjSignal(s, raw, t, f);
    case "syncobj_wait":
      return decodeSyncobjWait(s, raw, t, f);
    case "syncobj_transfer":
      return decodeSyncobjTransfer(s, raw, t, f);
    case "syncobj_export":
      return decodeSyncobjExport(s, raw, t, f);
    case "syncobj_import":
      return decodeSyncobjImport(s, raw, t, f);
    case "close":
      return { t, f, op: "close" };
    case "end":
      return { t, f, op: "end", why: text(raw.why, "why") };
    default:
      throw new EventProblem(
        "op",
        op === undefined
          ? "op is missing"
          : `unknown op ${typeof op === "string" ? JSON.stringify(op) : describe(op)}`,
        "the format's table lists every op; a newer recorder needs a newer reader",
      );
  }
}
