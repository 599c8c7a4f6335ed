import { type Answer, BadLine, type DriverSession, vmBoState } from "@gpuvm/conformance";
import { ENOENT, type Errno, gemVmBos, type Steps } from "@gpuvm/core";
import type { BindOp, RequestOf } from "@gpuvm/drm-model";
import { enableVmBind } from "../drv/context.ts";
import { MsmFile } from "../drv/file.ts";
import { ioctl } from "../drv/ioctl.ts";
import { MSM_BO_NO_SHARE, MSM_BO_WC, MSM_SUBMITQUEUE_VM_BIND } from "../drv/uapi.ts";
import { msmPostclose } from "../gem/close.ts";
import { msmGemOpen } from "../gem/gem.ts";
import { rulesNamed } from "../policy/variants.ts";
import { Bench } from "./bench.ts";
import { kref, treeState } from "./state.ts";
import { Words } from "./words.ts";

/** The queue for binds of each file. */
const BINDS = 9;

/** The older form of the answers: VM_BIND only, and a job runs when it is told to (`settle`). */
export class VmBindSession implements DriverSession {
  readonly #bench: Bench = new Bench();
  /** What each number stands for. */
  readonly #handles: Map<number, { readonly f: number; readonly handle: number }> = new Map();
  #i = 0;

  constructor() {
    this.#bench.start(rulesNamed("mainline"), {});
    this.#bench.quiet();
  }

  answer(request: readonly string[]): Answer {
    const words = new Words(request.slice(1));
    const ret = this.#ask(words.word(), words);
    const { events, ...rest } = this.#bench.report();
    return {
      ret,
      ...rest,
      events: events.filter(([what]) => what !== "vmmap" && what !== "vmunmap"),
      ...this.#objects(),
    };
  }

  describe(): readonly string[] {
    return this.#bench.describe();
  }

  #ask(op: string, words: Words): number {
    switch (op) {
      case "open":
        return this.#open(words.number());
      case "bo":
        return this.#bo(words);
      case "share":
        return this.#share(words.number(), words.number(), words.number());
      case "closebo":
        return this.#closeBo(words.number());
      case "bind":
        return this.#bind(words.number(), words);
      case "evict":
        return this.#evict(words.number());
      case "close":
        return this.#close(words.number());
      case "settle":
        this.#bench.machine.quiesce();
        return 0;
      default:
        throw new BadLine(`msm does not know the request "${op}"`);
    }
  }

  #run(steps: Steps<Errno>): Errno {
    return this.#bench.callOnly(this.#i++, steps);
  }

  #open(f: number): Errno {
    const { device } = this.#bench.device(0);
    const file = new MsmFile(device, f);
    this.#bench.opened(f, file);
    this.#run(enableVmBind(device, file.ctx));
    const queue = {
      op: "queue_new",
      queue: BINDS,
      flags: MSM_SUBMITQUEUE_VM_BIND,
      prio: 0,
      t: 0,
      f,
    } as const;
    return this.#run(ioctl(device, file, queue));
  }

  #bo(words: Words): Errno {
    const f = words.number();
    const bo = words.number();
    const size = words.number();
    words.word();
    const flags = MSM_BO_WC | (words.takes("private") ? MSM_BO_NO_SHARE : 0);
    const file = this.#bench.file(f);
    const handle = this.#bench.nextHandle(f);
    const request = { op: "gem_new", t: 0, f, bo: handle, size, flags } as const;
    const ret = this.#run(ioctl(this.#bench.device(0).device, file, request));
    const made = file.handles.get(handle);
    if (ret === 0 && made !== undefined) this.#bench.name(bo, made);
    this.#handles.set(bo, { f, handle });
    return ret;
  }

  #share(of: number, f: number, as: number): Errno {
    const from = this.#handle(of);
    const bo = this.#bench.file(from.f).handles.get(from.handle);
    if (bo === undefined) return -ENOENT;
    bo.get("creator");
    const handle = this.#bench.nextHandle(f);
    msmGemOpen(this.#bench.file(f), bo, handle);
    this.#handles.set(as, { f, handle });
    return 0;
  }

  #handle(h: number): { readonly f: number; readonly handle: number } {
    const known = this.#handles.get(h);
    if (known === undefined) throw new BadLine(`there was no object ${h}`);
    return known;
  }

  #closeBo(h: number): Errno {
    const { f, handle: bo } = this.#handle(h);
    return this.#run(
      ioctl(this.#bench.device(0).device, this.#bench.file(f), { op: "gem_close", t: 0, f, bo }),
    );
  }

  #bind(f: number, words: Words): Errno {
    const ops: BindOp[] = [];
    while (!words.done) {
      const op = bindOp(words);
      ops.push(op.kind === "map" ? { ...op, bo: this.#handle(op.bo).handle } : op);
    }
    const request: RequestOf<"vm_bind"> = { op: "vm_bind", t: 0, f, queue: BINDS, in: 0, out: 0, ops };
    return this.#run(ioctl(this.#bench.device(0).device, this.#bench.file(f), request));
  }

  #evict(pages: number): number {
    return this.#bench.shrink(this.#bench.device(0).device, pages, true);
  }

  #close(f: number): Errno {
    const file = this.#bench.file(f);
    const { device } = this.#bench.device(0);
    return this.#bench.run(this.#i++, closing(msmPostclose(device, file))) ?? 0;
  }

  #objects(): Answer {
    const living = [...this.#bench.bos].filter(([, bo]) => bo.refs > 0);
    const vms = this.#bench.livingVms().filter(({ purpose }) => purpose === "program");
    return {
      bos: living.map(([id, bo]) => ({
        bo: id,
        kref: kref(bo),
        handles: bo.handles,
        vm_bos: gemVmBos(bo)
          .toArray()
          .map((vmBo) => vmBoState(vmBo, this.#bench.vm(vmBo.vm))),
      })),
      vms: vms.map((vm) => treeState(this.#bench.vm(vm), vm, this.#bench)),
    };
  }
}

/** One operation: `map H va size off`, `null va size`, `unmap va size`. */
export function bindOp(words: Words): BindOp {
  const kind = words.word();
  if (kind !== "map" && kind !== "null" && kind !== "unmap")
    throw new BadLine(`msm knows no bind operation "${kind}"`);
  const bo = kind === "map" ? words.number() : 0;
  const va = words.number();
  const length = words.number();
  const boOffset = kind === "map" ? words.number() : 0;
  return { kind: kind === "null" ? "map_null" : kind, bo, boOffset, va, length, flags: 0 };
}

/** A call that returns nothing. */
export function* closing(steps: Steps<void>): Steps<Errno> {
  yield* steps;
  return 0;
}
