/**
 * The events of xe: `xe_vma_*`, `xe_vm_*`, `xe_bo_*`.
 *
 * ```
 * xe_vma_bind:    dev=S, vma=P, vm=P, asid=0x%05x, start=0x%012llx, end=0x%012llx, userptr=0x%012llx     end is inclusive
 * xe_vm_create:   dev=S, vm=P, asid=0x%05x, vm flags=0x%05x
 * ```
 *
 * A VMA event doesn't say which buffer is mapped, so each VMA gets a buffer of its own that lives as long as it does.
 * What a translation of such a trace says about buffers mapped more than once is therefore nothing.
 */
import type { FtraceLine } from "./ftrace-line.ts";
import { field } from "./ftrace-line.ts";
import type { NeutralBuilder } from "./neutral-builder.ts";
import { exactNumber, hex64, type Place } from "./numbers.ts";

/** Gives false for an event that asks nothing of a driver. */
export function xeEvent(
  e: FtraceLine,
  build: NeutralBuilder,
  live: Map<string, number>,
  place: Place,
): boolean {
  switch (e.event) {
    case "xe_vm_create":
      build.vm(field(e.text, "vm") ?? "?");
      return true;
    case "xe_vm_free":
      build.vmDestroy(field(e.text, "vm") ?? "?");
      return true;
    case "xe_vma_bind":
    case "xe_vma_pf_bind":
      return bind(e, build, live, place);
    case "xe_vma_unbind":
      unbind(e, build, live, place);
      return true;
    default:
      return false;
  }
}

function range(e: FtraceLine, place: Place): { va: number; length: number } {
  const start = hex64(field(e.text, "start") ?? "", "start", place);
  const last = hex64(field(e.text, "end") ?? "", "end", place);
  const length = last >= start ? last - start + 1n : 0n;
  return { va: exactNumber(start, "start", place), length: exactNumber(length, "length", place) };
}

function key(e: FtraceLine): string {
  return `${field(e.text, "vm") ?? "?"}/${field(e.text, "vma") ?? "?"}`;
}

function bind(e: FtraceLine, build: NeutralBuilder, live: Map<string, number>, place: Place): boolean {
  const { va, length } = range(e, place);
  const id = key(e);
  // The same VMA at the same place again is a rebind: the program asked for nothing.
  if (length === 0 || live.get(id) === va) return false;
  const vm = build.vm(field(e.text, "vm") ?? "?");
  build.boClose(id);
  const bo = build.bo(id, length);
  build.bind(vm, "map", bo, 0, va, length);
  live.set(id, va);
  return true;
}

function unbind(e: FtraceLine, build: NeutralBuilder, live: Map<string, number>, place: Place): void {
  const { va, length } = range(e, place);
  const id = key(e);
  build.bind(build.vm(field(e.text, "vm") ?? "?"), "unmap", 0, 0, va, length);
  build.boClose(id);
  live.delete(id);
}
