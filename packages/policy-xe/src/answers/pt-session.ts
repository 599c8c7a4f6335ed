import { BadLine, type DriverSession } from "@gpuvm/conformance";
import { finish, gpuvaFindFirst, type Steps } from "@gpuvm/core";
import type { BindOp, Driver, Request } from "@gpuvm/drm-model";
import type { BindExecQueue } from "../bind/bind-exec-queue.ts";
import { opsExecute } from "../bind/bind-execute.ts";
import { rebindOp } from "../bind/bind-op.ts";
import { driverOf } from "../driver.ts";
import { XeBo } from "../memory/bo.ts";
import { TIGER_LAKE } from "../platform.ts";
import { mainlinePolicy } from "../policy.ts";
import { PtUpdateOps } from "../pt/update-ops.ts";
import { zapPtes } from "../pt/zap.ts";
import type { XeVm, XeVma } from "../vm/vm.ts";
import { COMPACT, PTE_1G, PTE_2M, PTE_4K, PTE_64K, TILE0 } from "../vm/vma.ts";
import type { XeFile } from "../xe-file.ts";
import { liveEntries } from "./entries.ts";
import { Recorder } from "./recorder.ts";
import { Words } from "./words.ts";

type Answer = Record<string, unknown>;
type Asked<R> = R extends Request ? Omit<R, "t" | "f"> : never;

/** Names of the sizes of entries, as the recorder writes them. */
const FLAGS: readonly (readonly [number, string])[] = [
  [PTE_4K, "4K"],
  [PTE_64K, "64K"],
  [PTE_2M, "2M"],
  [PTE_1G, "1G"],
  [COMPACT, "COMPACT"],
];

/** There are no objects in these answers. */
const NO_OBJECTS = { freed: [], vmBosCreated: 0, vmBosDestroyed: 0 };

/** The page-table code alone: one VM, mappings by number. */
export class PtAnswers implements DriverSession {
  #recorder: Recorder | null = null;
  #driver: Driver | null = null;
  readonly #ranges: Map<number, { readonly va: number; readonly length: number }> = new Map();

  answer(request: readonly string[]): Answer {
    const words = new Words(request);
    if (request[1] === "new") return this.#begin(words);
    const recorder = this.#recorder as Recorder;
    recorder.begin();
    const { ret, extra } = this.#do(request[1] ?? "", words);
    recorder.machine.settle();
    const done = recorder.since();
    // A zap is not an unbind: the recorder does not count what it clears here.
    if (request[1] === "zap") done["tableEntriesCleared"] = {};
    return { ret, ...done, events: this.#events(), ...NO_OBJECTS, ...extra };
  }

  describe(): readonly string[] {
    return [...this.#ranges].map(([id, { va, length }]) => `${id}: 0x${va.toString(16)}, ${length} bytes`);
  }

  #begin(words: Words): Answer {
    const version = words.number();
    this.#recorder = new Recorder({ ...TIGER_LAKE, graphicsVerx100: version });
    this.#driver = driverOf(this.#recorder.xe, mainlinePolicy);
    this.#recorder.begin();
    this.#ask({ op: "vm_create", vm: 1, flags: 0 });
    return { ret: 0, ...this.#recorder.since(), ...NO_OBJECTS };
  }

  #do(what: string, words: Words): { readonly ret: number; readonly extra: Answer } {
    switch (what) {
      case "bind":
        return this.#bind(words);
      case "unbind": {
        const range = this.#range(words);
        const ret = this.#bindOne({ kind: "unmap", ...range });
        return { ret, extra: { extra: [this.#live()] } };
      }
      case "zap": {
        const vma = this.#vma(this.#range(words));
        const cleared = zapPtes(vma);
        vma.tileInvalidated = TILE0;
        this.#needsInvalidate = cleared;
        return { ret: 0, extra: { extra: [this.#live()] } };
      }
      case "rebind": {
        const vma = this.#vma(this.#range(words));
        const work = new PtUpdateOps(this.#vm.q as BindExecQueue);
        const fence = finish(opsExecute(this.#vm, work, [rebindOp(vma)]));
        return { ret: typeof fence === "number" ? fence : 0, extra: { extra: [this.#live()] } };
      }
      case "del":
        this.#ask({ op: "vm_destroy", vm: 1 });
        return { ret: 0, extra: {} };
      default:
        throw new BadLine(`there is no request "xe ${what}" beside "xe new"`);
    }
  }

  #needsInvalidate: boolean | null = null;

  #events(): unknown[] {
    const recorder = this.#recorder as Recorder;
    if (this.#needsInvalidate !== null) {
      const events = [{ needsInvalidate: this.#needsInvalidate ? 1 : 0 }];
      this.#needsInvalidate = null;
      return events;
    }
    return recorder.events.flatMap((event) =>
      event[0] === "populate" || event[0] === "clear"
        ? [{ level: event[1], ofs: event[2], qwords: event[3] }]
        : [],
    );
  }

  #bind(words: Words): { readonly ret: number; readonly extra: Answer } {
    const id = words.number();
    const va = words.number();
    const length = words.number();
    const boOffset = words.number();
    this.#ranges.set(id, { va, length });
    let ret: number;
    if (words.skip("null")) ret = this.#bindOne({ kind: "map_null", va, length });
    else {
      const { xe, machine } = this.#recorder as Recorder;
      const bo = new XeBo(xe, boOffset + length, { contiguity: words.number() });
      bo.tt = "populated";
      xe.ttm.gart.take(bo.size);
      xe.ttm.assign(bo, "tt");
      this.#file.publish(id, bo);
      ret = this.#bindOne({ kind: "map", bo: id, boOffset, va, length });
      machine.settle();
    }
    const { pteFlags } = this.#vma({ va });
    const names = FLAGS.flatMap(([flag, name]) => ((pteFlags & flag) === 0 ? [] : [`${name} `]));
    return { ret, extra: { extra: [{ vmaFlags: names.join("") }, this.#live()] } };
  }

  #bindOne(op: Partial<BindOp> & Pick<BindOp, "kind">): number {
    const whole = { bo: 0, boOffset: 0, va: 0, length: 0, flags: 0, ...op };
    return this.#ask({ op: "vm_bind", vm: 1, syncs: 1, ops: [whole] });
  }

  #ask(request: Asked<Request>): number {
    const { machine } = this.#recorder as Recorder;
    const steps: Steps<number> | undefined = this.#driver?.ioctl(this.#file, {
      t: 0,
      f: 0,
      ...request,
    } as unknown as Request);
    return steps === undefined ? 0 : (machine.call(steps) ?? 0);
  }

  #range(words: Words): { readonly va: number; readonly length: number } {
    const id = words.number();
    const range = this.#ranges.get(id);
    if (range === undefined) throw new BadLine(`nothing is bound by the number ${id}`);
    return range;
  }

  #vma({ va }: { readonly va: number }): XeVma {
    const { gpuvm, vmas } = this.#vm;
    const vma = vmas[gpuvaFindFirst(gpuvm, va, 4096)];
    if (vma === undefined) throw new BadLine(`nothing is mapped at 0x${va.toString(16)}`);
    return vma;
  }

  #live(): Answer {
    return { ...liveEntries(this.#vm.pt) };
  }

  get #vm(): XeVm {
    return this.#file.vms.get(1) as XeVm;
  }

  #opened: XeFile | null = null;

  get #file(): XeFile {
    this.#opened ??= this.#driver?.open(0) as XeFile;
    return this.#opened;
  }
}
