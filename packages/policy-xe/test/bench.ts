import { type Errno, type Holder, Task } from "@gpuvm/core";
import { type BindOp, type MachineOptions, Replay, type Request } from "@gpuvm/drm-model";
import { xe } from "../src/index.ts";
import type { XeBo } from "../src/memory/bo.ts";
import { mainline } from "../src/variants.ts";
import type { XeVm } from "../src/vm/vm.ts";
import type { XeFile } from "../src/xe-file.ts";

export const MIB = 2 ** 20;

type Bare = Request extends infer R ? (R extends Request ? Omit<R, "t" | "f"> : never) : never;

/** Drives the driver request by request, with ledger and lock checks on. */
export class Bench {
  readonly replay: Replay;
  now = 0;

  constructor(options: MachineOptions = {}, defects: ReadonlySet<string> = new Set()) {
    this.replay = new Replay(mainline, { audit: true, lockdep: true, ...options }, { defects });
  }

  get machine() {
    return this.replay.machine;
  }

  ask(request: Bare, f = 0): Errno {
    return this.replay.request({ t: this.now, f, ...request } as Request);
  }

  bind(vm: number, ...ops: Partial<BindOp>[]): Errno {
    const full = ops.map(
      (op) => ({ kind: "map", bo: 0, boOffset: 0, va: 0, length: 0, flags: 0, ...op }) as BindOp,
    );
    return this.ask({ op: "vm_bind", vm, queue: 0, syncs: 1, ops: full });
  }

  file(f = 0): XeFile {
    return this.replay.file(f) as XeFile;
  }

  vm(id: number, f = 0): XeVm {
    return this.file(f).vms.get(id) as XeVm;
  }

  bo(handle: number, f = 0): XeBo {
    return this.file(f).handles.get(handle) as XeBo;
  }

  shrink(bytes: number): number {
    const { shrink } = this.replay.driver;
    return shrink === undefined
      ? 0
      : (this.machine.call(shrink(bytes), new Task("kswapd", "reclaim")) as number);
  }

  /** Start and end of each mapping, ascending. */
  tree(id: number, f = 0): [number, number][] {
    return this.vm(id, f)
      .vmas.filter((vma) => vma !== undefined && !vma.destroyed)
      .map((vma) => [vma?.start ?? 0, vma?.end ?? 0] as [number, number])
      .sort((a, b) => a[0] - b[0]);
  }

  /** Runs of page-table entries: start, end, entry size. */
  ptes(id: number): [number, number, number][] {
    return this.vm(id)
      .pt.ptes.runs()
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
    [/^fence /, "fence"],
    [/^(queue|submit|bind_job|context)#/, name.split("#")[0] as string],
    [/^device$/, "device"],
  ];
  return kinds.find(([pattern]) => pattern.test(name))?.[1] ?? `call: ${name}`;
}

export { xe };
