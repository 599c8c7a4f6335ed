/** Decoders of the events about an address space. */
import {
  BIND_KINDS,
  type BindKind,
  type BindOp,
  type VmBind,
  type VmCreate,
  type VmInit,
} from "@gpuvm/drm-model";
import { decodeSyncLists } from "./decode-sync-event.ts";
import { EventProblem } from "./event-problem.ts";
import { bool, type DecodeState, describe, list, uint } from "./field.ts";
import type { Mutable, RawEvent } from "./raw-event.ts";

const KINDS: ReadonlySet<unknown> = new Set(BIND_KINDS);

function decodeBindOp(s: DecodeState, value: unknown): BindOp {
  const a = list(value, "ops");
  if (a.length !== 6 && a.length !== 7) {
    throw new EventProblem(
      "ops",
      `an entry of ops has ${a.length} elements`,
      "each is [kind, bo, bo_offset, va, length, flags], with the pat index as a seventh on xe",
    );
  }
  const kind = a[0];
  if (!KINDS.has(kind)) {
    throw new EventProblem(
      "ops",
      `unknown kind of bind ${typeof kind === "string" ? JSON.stringify(kind) : describe(kind)}`,
      `one of ${BIND_KINDS.join(", ")}`,
    );
  }
  const bo = uint(s, a[1], "bo");
  if (bo !== 0) s.buffers.need(bo, "bo");
  const boOffset = uint(s, a[2], "bo_offset");
  const va = uint(s, a[3], "va");
  const length = uint(s, a[4], "length");
  const flags = uint(s, a[5], "flags");
  const k = kind as BindKind;
  return a.length === 6
    ? { kind: k, bo, boOffset, va, length, flags }
    : { kind: k, bo, boOffset, va, length, flags, pat: uint(s, a[6], "pat") };
}

/** `vm_bind` */
export function decodeVmBind(s: DecodeState, raw: RawEvent, t: number, f: number): VmBind {
  const arrays = list(raw.ops, "ops");
  const ops: BindOp[] = [];
  for (let i = 0; i < arrays.length; i++) ops.push(decodeBindOp(s, arrays[i]));
  const e: Mutable<VmBind> = { t, f, op: "vm_bind", ops };
  if (raw.vm !== undefined) e.vm = uint(s, raw.vm, "vm");
  if (raw.queue !== undefined) e.queue = uint(s, raw.queue, "queue");
  if (raw.async !== undefined) e.async = bool(raw.async, "async");
  if (raw.in !== undefined) e.in = uint(s, raw.in, "in");
  if (raw.out !== undefined) e.out = uint(s, raw.out, "out");
  if (raw.syncs !== undefined) e.syncs = uint(s, raw.syncs, "syncs");
  if (raw.sync_ops !== undefined) e.syncOps = decodeSyncLists(s, raw.sync_ops, ops, "ops");
  return e;
}

type VmShape = Pick<Mutable<VmCreate>, "flags" | "vaRange" | "kva" | "ksize">;

/** `vm_init` */
export function decodeVmInit(s: DecodeState, raw: RawEvent, t: number, f: number): VmInit {
  const e: Mutable<VmInit> = { t, f, op: "vm_init" };
  if (raw.vm !== undefined) e.vm = uint(s, raw.vm, "vm");
  return shape(s, e, raw);
}

/** `vm_create` */
export function decodeVmCreate(s: DecodeState, raw: RawEvent, t: number, f: number): VmCreate {
  const e: Mutable<VmCreate> = { t, f, op: "vm_create", vm: uint(s, raw.vm, "vm") };
  return shape(s, e, raw);
}

function shape<E extends VmShape>(s: DecodeState, e: E, raw: RawEvent): E {
  if (raw.flags !== undefined) e.flags = uint(s, raw.flags, "flags");
  if (raw.va_range !== undefined) e.vaRange = uint(s, raw.va_range, "va_range");
  if (raw.kva !== undefined) e.kva = uint(s, raw.kva, "kva");
  if (raw.ksize !== undefined) e.ksize = uint(s, raw.ksize, "ksize");
  return e;
}
