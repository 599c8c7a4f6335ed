/** Decoders of the events about one buffer. */
import type { CpuPrep, GemNew, PrimeImport, Request } from "@gpuvm/drm-model";
import { bool, type DecodeState, knownBo, pieceSize, positive, text, uint } from "./field.ts";
import type { Mutable, RawEvent } from "./raw-event.ts";

/** `gem_new` */
export function decodeGemNew(s: DecodeState, raw: RawEvent, t: number, f: number): GemNew {
  const bo = positive(s, raw.bo, "bo");
  const e: Mutable<GemNew> = { t, f, op: "gem_new", bo, size: positive(s, raw.size, "size") };
  if (raw.flags !== undefined) e.flags = uint(s, raw.flags, "flags");
  if (raw.domain !== undefined) e.domain = uint(s, raw.domain, "domain");
  if (raw.align !== undefined) e.align = uint(s, raw.align, "align");
  if (raw.tile_mode !== undefined) e.tileMode = uint(s, raw.tile_mode, "tile_mode");
  if (raw.tile_flags !== undefined) e.tileFlags = uint(s, raw.tile_flags, "tile_flags");
  if (raw.placement !== undefined) e.placement = uint(s, raw.placement, "placement");
  if (raw.cache !== undefined) e.cache = uint(s, raw.cache, "cache");
  if (raw.vm !== undefined) e.vm = uint(s, raw.vm, "vm");
  if (raw.contiguity !== undefined) e.contiguity = pieceSize(s, raw.contiguity, "contiguity");
  s.buffers.create(bo, "bo");
  return e;
}

/** `gem_close` */
export function decodeGemClose(s: DecodeState, raw: RawEvent, t: number, f: number): Request {
  const bo = positive(s, raw.bo, "bo");
  s.buffers.close(bo);
  return { t, f, op: "gem_close", bo };
}

/** `prime_import` */
export function decodePrimeImport(s: DecodeState, raw: RawEvent, t: number, f: number): PrimeImport {
  const bo = positive(s, raw.bo, "bo");
  const size = positive(s, raw.size, "size");
  const fresh = bool(raw.new, "new");
  if (fresh) s.buffers.create(bo, "bo");
  else s.buffers.needOpen(bo, "bo");
  return { t, f, op: "prime_import", bo, size, fresh };
}

/** `cpu_prep` */
export function decodeCpuPrep(s: DecodeState, raw: RawEvent, t: number, f: number): CpuPrep {
  const e: Mutable<CpuPrep> = { t, f, op: "cpu_prep", bo: knownBo(s, raw.bo, "bo") };
  if (raw.flags !== undefined) e.flags = uint(s, raw.flags, "flags");
  if (raw.busy !== undefined) e.busy = bool(raw.busy, "busy");
  return e;
}

/** `cpu_map`, `get_iova`, `prime_export`: nothing but the buffer. */
export function decodeBoOnly(
  s: DecodeState,
  op: "cpu_map" | "get_iova" | "prime_export",
  raw: RawEvent,
  t: number,
  f: number,
): Request {
  return { t, f, op, bo: knownBo(s, raw.bo, "bo") };
}

/** `set_iova` */
export function decodeSetIova(s: DecodeState, raw: RawEvent, t: number, f: number): Request {
  return { t, f, op: "set_iova", bo: knownBo(s, raw.bo, "bo"), iova: uint(s, raw.iova, "iova") };
}

/** `madvise` */
export function decodeMadvise(s: DecodeState, raw: RawEvent, t: number, f: number): Request {
  return { t, f, op: "madvise", bo: knownBo(s, raw.bo, "bo"), willneed: bool(raw.willneed, "willneed") };
}

/** `set_name` */
export function decodeSetName(s: DecodeState, raw: RawEvent, t: number, f: number): Request {
  return { t, f, op: "set_name", bo: knownBo(s, raw.bo, "bo"), name: text(raw.name, "name") };
}
