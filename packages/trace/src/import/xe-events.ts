/**
 * The events of xe: `xe_vma_*`, `xe_vm_*`, as printed by Linux 6.8 to 7.3 (xe_trace_bo.h, before that xe_trace.h).
 *
 * ```
 * xe_vma_bind:    [ "dev=" S ", " ] "vma=" P [ ", vm=" P ] ", asid=" HEX ", start=" HEX ", end=" HEX ", " ( "userptr=" | "ptr=" ) HEX [ "," ]
 * xe_vm_create:   [ "dev=" S ", " ] "vm=" P ", asid=" HEX [ ", vm flags=" HEX ]
 * ```
 *
 * `end` is inclusive. Events of older kernels have no `vm=`: VMs are told apart by their `asid` then.
 *
 * A VMA event doesn't say which buffer is mapped, so each VMA gets a buffer of its own that lives as long as it does.
 * What a translation of such a trace says about buffers mapped more than once is therefore nothing. `userptr` is
 * an address of the program, whose own memory it is: it has no buffer. Below 4 GiB it is where in its buffer a mapping begins.
 */
import type { FtraceLine } from "./ftrace-line.ts";
import { field } from "./ftrace-line.ts";
import type { NeutralBuilder } from "./neutral-builder.ts";
import { exactNumber, hex64, type Place } from "./numbers.ts";

/** What became of an event. */
export type Understood = "used" | "harmless" | "unread";

/** Events that tell what the kernel did, not what a program asked. */
const HARMLESS: ReadonlySet<string> = new Set([
  ...["flush", "pagefault", "acc", "evict", "invalidate", "rebind_worker", "rebind_exec"].map(
    (what) => `xe_vma_${what}`,
  ),
  ...["rebind_worker", "rebind_exec", "invalidate", "invalidate_complete", "pin_and_invalidate"].map(
    (what) => `xe_vma_userptr_${what}`,
  ),
  ...["kill", "cpu_bind", "restart", "rebind_worker_enter", "rebind_worker_retry", "rebind_worker_exit"].map(
    (what) => `xe_vm_${what}`,
  ),
  ...["cpu_fault", "validate", "move", "create"].map((what) => `xe_bo_${what}`),
]);

/** Beginnings of the names of whole groups of such events: scheduling, the GuC, registers, power. */
const HARMLESS_GROUPS: readonly string[] = [
  "xe_exec_queue_",
  "xe_sched_",
  "xe_hw_fence_",
  "xe_tlb_inval",
  "xe_gt_tlb_inval",
  "xe_guc_",
  "xe_reg_",
  "xe_pm_",
  "xe_eu_stall_",
];

/** Where programs of 64 bits have what they map: `userptr` of a buffer is an offset in it, and is below. */
const MMAPPED = 2n ** 32n;

/** Keeps apart what is alive in each VM. */
export class XeEvents {
  readonly #build: NeutralBuilder;
  /** Address of each live VMA, by VM. */
  readonly #vmas = new Map<string, Map<string, number>>();
  /** The VM of each address space number; each device counts its own. */
  readonly #byAsid = new Map<string, string>();
  /** VMs that had no number when they were made, newest last, by the task that made them. */
  readonly #unnumbered = new Map<number, string[]>();

  constructor(build: NeutralBuilder) {
    this.#build = build;
  }

  /** Takes one event. `vm` is the VM that it is about, where it is about one that is alive after it. */
  event(e: FtraceLine, place: Place): { readonly understood: Understood; readonly vm?: string } {
    switch (e.event) {
      case "xe_vm_create": {
        const vm = this.#create(e);
        return { understood: "used", vm };
      }
      case "xe_vm_free":
        this.#end(this.#vmOf(e));
        return { understood: "used" };
      case "xe_vma_bind":
      case "xe_vma_pf_bind":
        return this.#bind(e, place);
      case "xe_vma_unbind": {
        const vm = this.#vmOf(e);
        this.#unbind(e, vm, place);
        return { understood: "used", vm };
      }
      default: {
        const harmless = HARMLESS.has(e.event) || HARMLESS_GROUPS.some((group) => e.event.startsWith(group));
        return { understood: harmless ? "harmless" : "unread" };
      }
    }
  }

  #create(e: FtraceLine): string {
    const vm = field(e.text, "vm") ?? "?";
    // The slab hands the same pointer out again: whoever had it is gone, whether the end was recorded or not.
    this.#end(vm);
    const asid = asidOf(e);
    if (asid === undefined) {
      const waiting = this.#unnumbered.get(e.pid) ?? [];
      waiting.push(vm);
      this.#unnumbered.set(e.pid, waiting);
    } else this.#number(asid, vm);
    this.#build.vm(vm, labelOf(asid));
    return vm;
  }

  #number(asid: string, vm: string): void {
    const before = this.#byAsid.get(asid);
    if (before !== undefined && before !== vm) this.#end(before);
    this.#byAsid.set(asid, vm);
  }

  /** The VM of an event: by its pointer, else by its number. */
  #vmOf(e: FtraceLine): string {
    const named = field(e.text, "vm");
    if (named !== undefined) return named;
    const asid = asidOf(e);
    if (asid === undefined) return "device";
    const known = this.#byAsid.get(asid);
    if (known !== undefined) return known;
    // Some kernels number a VM only after they have told of it: it is the newest of this task that has no number.
    const vm = this.#unnumbered.get(e.pid)?.pop() ?? labelOf(asid) ?? "device";
    this.#byAsid.set(asid, vm);
    return vm;
  }

  /** A VM's end is the end of its mappings, and of the buffers that were made up for them. */
  #end(vm: string): void {
    this.#build.vmDestroy(vm);
    for (const vma of this.#vmas.get(vm)?.keys() ?? []) this.#build.boClose(`${vm}/${vma}`);
    this.#vmas.delete(vm);
    for (const [asid, of] of this.#byAsid) if (of === vm) this.#byAsid.delete(asid);
    for (const [pid, vms] of this.#unnumbered) {
      const left = vms.filter((of) => of !== vm);
      if (left.length === 0) this.#unnumbered.delete(pid);
      else this.#unnumbered.set(pid, left);
    }
  }

  #bind(e: FtraceLine, place: Place): { readonly understood: Understood; readonly vm?: string } {
    const { va, length } = range(e, place);
    const vm = this.#vmOf(e);
    const vma = field(e.text, "vma") ?? "?";
    const live = this.#vmas.get(vm) ?? new Map<string, number>();
    this.#vmas.set(vm, live);
    if (length === 0) return { understood: "unread" };
    // The same VMA at the same place again is a rebind: the program asked for nothing.
    if (live.get(vma) === va) return { understood: "harmless", vm };
    const serial = this.#build.vm(vm, labelOf(asidOf(e)));
    const key = `${vm}/${vma}`;
    this.#build.boClose(key);
    const userptr = hex64(field(e.text, "userptr") ?? field(e.text, "ptr") ?? "0", "userptr", place);
    if (userptr >= MMAPPED) this.#build.bind(serial, "map_null", 0, 0, va, length);
    else this.#build.bind(serial, "map", this.#build.bo(key, length), 0, va, length);
    live.set(vma, va);
    return { understood: "used", vm };
  }

  #unbind(e: FtraceLine, vm: string, place: Place): void {
    const { va, length } = range(e, place);
    const vma = field(e.text, "vma") ?? "?";
    this.#build.bind(this.#build.vm(vm, labelOf(asidOf(e))), "unmap", 0, 0, va, length);
    this.#build.boClose(`${vm}/${vma}`);
    this.#vmas.get(vm)?.delete(vma);
  }
}

/** The number of an address space; 0 is that of none. */
function asidOf(e: FtraceLine): string | undefined {
  const asid = Number.parseInt(field(e.text, "asid") ?? "", 16);
  return asid > 0 ? `${field(e.text, "dev") ?? ""} asid ${asid}` : undefined;
}

/** How faults name an address space: without its device. */
function labelOf(asid: string | undefined): string | undefined {
  return asid?.slice(asid.indexOf(" ") + 1);
}

function range(e: FtraceLine, place: Place): { va: number; length: number } {
  const start = hex64(field(e.text, "start") ?? "", "start", place);
  const last = hex64(field(e.text, "end") ?? "", "end", place);
  const length = last >= start ? last - start + 1n : 0n;
  return { va: exactNumber(start, "start", place), length: exactNumber(length, "length", place) };
}
