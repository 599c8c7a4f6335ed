/**
 * The events of amdgpu that tell of mappings.
 *
 * ```
 * amdgpu_bo_create:    bo=P, pages=N, type=N, preferred=N, allowed=N, visible=N
 * amdgpu_vm_bo_map:    bo=P, start=%lx, last=%lx, offset=%010llx, flags=%llx      start and last in pages, last inclusive,
 * amdgpu_vm_bo_unmap:  the same                                                   hexadecimal without 0x
 * ```
 *
 * They don't name the VM. The task that maps stands for it, and an unmap looks for its mapping in every task, because
 * the threads of one program share a VM.
 */
import type { FtraceLine } from "./ftrace-line.ts";
import { field } from "./ftrace-line.ts";
import type { NeutralBuilder } from "./neutral-builder.ts";
import { decimal, exactNumber, hex64, type Place } from "./numbers.ts";

const PAGE = 4096n;

/** Gives false for an event that asks nothing of a driver. `live` says in which VM a buffer is mapped at a page. */
export function amdgpuEvent(
  e: FtraceLine,
  build: NeutralBuilder,
  live: Map<string, number>,
  place: Place,
): boolean {
  const bo = field(e.text, "bo") ?? "?";
  if (e.event === "amdgpu_bo_create") {
    const pages = decimal(field(e.text, "pages") ?? "", "pages", place);
    // A pointer that is used again is another buffer.
    build.boClose(bo);
    build.bo(bo, Math.max(1, pages) * Number(PAGE));
    return true;
  }
  if (e.event !== "amdgpu_vm_bo_map" && e.event !== "amdgpu_vm_bo_unmap") return false;
  const first = hex64(field(e.text, "start") ?? "", "start", place);
  const last = hex64(field(e.text, "last") ?? "", "last", place);
  const offset = exactNumber(hex64(field(e.text, "offset") ?? "", "offset", place), "offset", place);
  const length = exactNumber(last >= first ? (last - first + 1n) * PAGE : 0n, "length", place);
  const va = exactNumber(first * PAGE, "start", place);
  const id = `${bo}/${first}`;
  if (e.event === "amdgpu_vm_bo_map") {
    const vm = build.vm(`task ${e.pid}`);
    build.bind(vm, "map", build.bo(bo, Math.max(4096, offset + length)), offset, va, length);
    live.set(id, vm);
  } else {
    build.bind(live.get(id) ?? build.vm(`task ${e.pid}`), "unmap", 0, 0, va, length);
    live.delete(id);
  }
  return true;
}
