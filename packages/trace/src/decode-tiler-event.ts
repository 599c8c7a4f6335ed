/** Decoders of the events about memory that the kernel manages for tilers. */
import type { FreeListCreate, HeapCreate, HeapDestroy, HwrtCreate } from "@gpuvm/drm-model";
import { type DecodeState, uint } from "./field.ts";
import type { Mutable, RawEvent } from "./raw-event.ts";

/** `heap_create` */
export function decodeHeapCreate(s: DecodeState, raw: RawEvent, t: number, f: number): HeapCreate {
  const e: Mutable<HeapCreate> = { t, f, op: "heap_create" };
  if (raw.vm !== undefined) e.vm = uint(s, raw.vm, "vm");
  if (raw.id !== undefined) e.id = uint(s, raw.id, "id");
  if (raw.chunk !== undefined) e.chunk = uint(s, raw.chunk, "chunk");
  if (raw.init !== undefined) e.init = uint(s, raw.init, "init");
  if (raw.max !== undefined) e.max = uint(s, raw.max, "max");
  return e;
}

/** `heap_destroy` */
export function decodeHeapDestroy(s: DecodeState, raw: RawEvent, t: number, f: number): HeapDestroy {
  const e: Mutable<HeapDestroy> = { t, f, op: "heap_destroy" };
  if (raw.vm !== undefined) e.vm = uint(s, raw.vm, "vm");
  if (raw.id !== undefined) e.id = uint(s, raw.id, "id");
  return e;
}

/** `free_list_create` */
export function decodeFreeListCreate(s: DecodeState, raw: RawEvent, t: number, f: number): FreeListCreate {
  const e: Mutable<FreeListCreate> = { t, f, op: "free_list_create" };
  if (raw.id !== undefined) e.id = uint(s, raw.id, "id");
  if (raw.va !== undefined) e.va = uint(s, raw.va, "va");
  if (raw.init_pages !== undefined) e.initPages = uint(s, raw.init_pages, "init_pages");
  if (raw.max_pages !== undefined) e.maxPages = uint(s, raw.max_pages, "max_pages");
  if (raw.grow_pages !== undefined) e.growPages = uint(s, raw.grow_pages, "grow_pages");
  return e;
}

/** `hwrt_create` */
export function decodeHwrtCreate(s: DecodeState, raw: RawEvent, t: number, f: number): HwrtCreate {
  const e: Mutable<HwrtCreate> = { t, f, op: "hwrt_create" };
  if (raw.id !== undefined) e.id = uint(s, raw.id, "id");
  if (raw.w !== undefined) e.width = uint(s, raw.w, "w");
  if (raw.h !== undefined) e.height = uint(s, raw.h, "h");
  return e;
}
