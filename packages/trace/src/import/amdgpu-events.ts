/**
 * The events of amdgpu that tell of mappings, as printed by Linux 5.4 to 7.3 (amdgpu_trace.h).
 *
 * ```
 * amdgpu_bo_create:    bo=P, pages=N, type=N, preferred=N, allowed=N, visible=N
 * amdgpu_vm_bo_map:    bo=P, start=%lx, last=%lx, offset=%010llx, flags=%llx      start and last in pages, last inclusive,
 * amdgpu_vm_bo_unmap:  the same                                                   hexadecimal without 0x
 * ```
 *
 * They don't name the VM. The task that maps stands for it, and an unmap looks for its mapping in every task, because
 * the threads of one program share a VM. A mapping of no buffer (sparse: PRT) has a null `bo`.
 */
import type { FtraceLine } from "./ftrace-line.ts";
import { field } from "./ftrace-line.ts";
import type { NeutralBuilder } from "./neutral-builder.ts";
import { decimal, exactNumber, hex64, type Place } from "./numbers.ts";
import type { Understood } from "./xe-events.ts";

const PAGE = 4096n;

/** Events that tell what the kernel did, not what a program asked. */
const HARMLESS: ReadonlySet<string> = new Set(
  [
    ...["device_rreg", "device_wreg", "iv", "cs", "cs_ioctl", "sched_run_job", "ib_pipe_sync", "isolation"],
    ...[
      "cleaner_shader",
      "bo_list_set",
      "cs_bo_status",
      "bo_move",
      "reset_reg_dumps",
      "runpm_reference_dumps",
    ],
    ...["vm_grab_id", "vm_bo_update", "vm_bo_mapping", "vm_bo_cs", "vm_update_ptes", "vm_set_ptes"],
    ...["vm_copy_ptes", "vm_flush", "pasid_allocated", "pasid_freed"],
  ].map((what) => `amdgpu_${what}`),
);

const NULL = /^(?:(?:0x)?0{1,16}|\(nil\)|\(null\))$/;

interface Live {
  readonly vm: number;
  readonly va: number;
  readonly length: number;
}

/** What is alive. */
export class AmdgpuEvents {
  readonly #build: NeutralBuilder;
  /** Live mappings by the page they begin at, for each buffer. */
  readonly #live = new Map<string, Map<bigint, Live>>();
  readonly #sizes = new Map<string, number>();

  constructor(build: NeutralBuilder) {
    this.#build = build;
  }

  /** Takes one event. `vm` is the key of the VM that it is about. */
  event(e: FtraceLine, place: Place): { readonly understood: Understood; readonly vm?: string } {
    if (e.event === "amdgpu_bo_create") {
      this.#create(e, place);
      return { understood: "used" };
    }
    if (e.event !== "amdgpu_vm_bo_map" && e.event !== "amdgpu_vm_bo_unmap") {
      return { understood: HARMLESS.has(e.event) ? "harmless" : "unread" };
    }
    const bo = field(e.text, "bo") ?? "?";
    const first = hex64(field(e.text, "start") ?? "", "start", place);
    const last = hex64(field(e.text, "last") ?? "", "last", place);
    if (last < first) return { understood: "unread" };
    const offset = exactNumber(hex64(field(e.text, "offset") ?? "", "offset", place), "offset", place);
    const length = exactNumber((last - first + 1n) * PAGE, "length", place);
    const va = exactNumber(first * PAGE, "start", place);
    const task = `task ${e.pid}`;
    const live = this.#live.get(bo) ?? new Map<bigint, Live>();
    if (e.event === "amdgpu_vm_bo_map") {
      const vm = this.#build.vm(task, task);
      if (NULL.test(bo)) this.#build.bind(vm, "map_null", 0, 0, va, length);
      else {
        this.#build.bind(vm, "map", this.#bo(bo, offset + length, live.size), offset, va, length);
      }
      live.set(first, { vm, va, length });
      this.#live.set(bo, live);
    } else {
      const vm = live.get(first)?.vm ?? this.#build.vm(task, task);
      this.#build.bind(vm, "unmap", 0, 0, va, length);
      live.delete(first);
      if (live.size === 0) this.#live.delete(bo);
    }
    return { understood: "used", vm: task };
  }

  /** The buffer of a pointer. Without its creation in the trace, a mapping that it is too small for tells of another one. */
  #bo(bo: string, reach: number, mappings: number): number {
    const known = this.#sizes.get(bo) ?? 0;
    if (known >= reach) return this.#build.bo(bo, known);
    const size = Math.max(4096, reach);
    if (mappings === 0) this.#build.boClose(bo);
    this.#sizes.set(bo, size);
    return this.#build.bo(bo, size);
  }

  /** A pointer that is used again is another buffer: the one that had it is gone, and its mappings with it. */
  #create(e: FtraceLine, place: Place): void {
    const bo = field(e.text, "bo") ?? "?";
    const pages = decimal(field(e.text, "pages") ?? "", "pages", place);
    const size = exactNumber(BigInt(Math.max(1, pages)) * PAGE, "size", place);
    for (const { vm, va, length } of this.#live.get(bo)?.values() ?? []) {
      this.#build.bind(vm, "unmap", 0, 0, va, length);
    }
    this.#live.delete(bo);
    this.#build.boClose(bo);
    this.#sizes.set(bo, size);
    this.#build.bo(bo, size);
  }
}
