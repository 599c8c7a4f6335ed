import { type Errno, gpuvmForEachVa, type Holder, Task } from "@gpuvm/core";
import { type BindOp, type MachineOptions, Replay, type Request } from "@gpuvm/drm-model";
import { VA_INTERNAL } from "../src/flags.ts";
import type { PanthorBo } from "../src/gem/bo.ts";
import { panthor } from "../src/index.ts";
import type { PanthorVm } from "../src/mmu/vm.ts";
import type { PanthorFile } from "../src/panthor-file.ts";

export const MIB = 2 ** 20;

type Bare = Request extends infer R ? (R extends Request ? Omit<R, "t" | "f"> : never) : never;

/** Drives the driver request by request, with ledger and lock checks on. */
export class Bench {
  readonly replay: Replay;
  now = 0;

  constructor(variant = "mainline", options: MachineOptions = {}, defects: ReadonlySet<string> = new Set()) {
    const which = panthor.variants[variant] as (typeof panthor.variants)[string];
    this.replay = new Replay(which, { audit: true, lockdep: true, ...options }, { defects });
  }

  get machine() {
    return this.replay.machine;
  }

  ask(request: Bare, f = 0): Errno {
    return this.replay.request({ t: this.now, f, ...request } as Request);
  }

  bind(vm: number, async: boolean, ...ops: Partial<BindOp>[]): Errno {
    const full = ops.map(
      (op) => ({ kind: "map", bo: 0, boOffset: 0, va: 0, length: 0, flags: 0, ...op }) as BindOp,
    );
    return this.ask({ op: "vm_bind", vm, async, ops: full });
  }

  file(f = 0): PanthorFile {
    return this.replay.file(f) as PanthorFile;
  }

  vm(id: number, f = 0): PanthorVm {
    return this.file(f).vms.get(id) as PanthorVm;
  }

  bo(handle: number, f = 0): PanthorBo {
    return this.file(f).handles.get(handle) as PanthorBo;
  }

  /** As reclaim does, where only try-locks are allowed. */
  shrink(bytes: number): number {
    const { shrink } = this.replay.driver;
    return shrink === undefined
      ? 0
      : (this.machine.call(shrink(bytes), new Task("kswapd", "reclaim")) as number);
  }

  /** Start, end and offset of each of the program's mappings, ascending. */
  tree(id: number, f = 0): [number, number, number][] {
    const { gpuvm } = this.vm(id, f);
    const { vas } = gpuvm;
    const out: [number, number, number][] = [];
    gpuvmForEachVa(gpuvm, (va) => {
      if ((vas.flags(va) & VA_INTERNAL) === 0) out.push([vas.addr(va), vas.end(va), vas.offset(va)]);
    });
    return out;
  }

  /** Runs of page-table entries: start, end, entry size. */
  ptes(id: number): [number, number, number][] {
    return this.vm(id)
      .pt.ptes.runs()
      .filter((run) => run.start < this.vm(id).userEnd)
      .map((run) => [run.start, run.end, run.pageSize]);
  }

  /** Every reference held, to compare before and after. */
  references(): string[] {
    const ledger = this.machine.dev.ledger;
    if (ledger === null) return [];
    return ledger
      .all()
      .flatMap((what) => ledger.holders(what).map((h) => `${what.name} <- ${h.holder} x${h.count}`))
      .sort();
  }

  finish(): void {
    this.replay.finish();
  }
}

/** `va#7 of vm#2` is a VA; what the core calls by a name of its own is told by it. */
export function nodeOf(by: Holder): string {
  const name = typeof by === "string" ? by : by.name;
  const kinds: [RegExp, string][] = [
    [/^va#/, "VA"],
    [/^vm_bo#/, "vm_bo"],
    [/^vm#/, "VM"],
    [/^bo#/, "BO"],
    [/^handle /, "handle"],
    [/^file /, "file"],
    [/^dma-buf#/, "dma_buf"],
    [/^resv object/, "r_obj"],
    [/^(queue|submit|bind_job|heap_pool|fence)#/, name.split("#")[0] as string],
    [/^device/, "device"],
  ];
  return kinds.find(([pattern]) => pattern.test(name))?.[1] ?? `call: ${name}`;
}

export { panthor };
