import { type Answer, BadLine, type DriverSession, hex } from "@gpuvm/conformance";
import { type DmaFence, EINVAL, ENOENT, type Errno, type Steps } from "@gpuvm/core";
import { type BindOp, type DmaBuf, type FileEnd, primeLookup, type RequestOf } from "@gpuvm/drm-model";
import { enableVmBind } from "../drv/context.ts";
import { type Msm, msmOf } from "../drv/device.ts";
import type { MsmOptions } from "../drv/driver.ts";
import { MsmFile } from "../drv/file.ts";
import { ioctl } from "../drv/ioctl.ts";
import { MSM_BO_NO_SHARE, MSM_BO_WC, MSM_SUBMIT_NO_IMPLICIT, MSM_SUBMITQUEUE_VM_BIND } from "../drv/uapi.ts";
import type { MsmBo } from "../gem/bo.ts";
import { msmPostclose } from "../gem/close.ts";
import { msmGemOpen } from "../gem/gem.ts";
import { getAndPinIova, kernelNew, kernelPut, unpinIova } from "../gem/kernel-bo.ts";
import { gemSubmit } from "../gpu/submit.ts";
import {
  framebufferCleanup,
  framebufferCreate,
  framebufferPrepare,
  framebufferPut,
  type MsmFramebuffer,
} from "../kms/framebuffer.ts";
import type { MsmRules } from "../policy/rules.ts";
import { changedRules, rulesNamed } from "../policy/variants.ts";
import { vmBind } from "../vma/bind.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import { AFTER_END_MS, AFTER_MS, Bench } from "./bench.ts";
import { boState, ringState, vmState } from "./state.ts";
import { bindOp, closing } from "./vm-bind.ts";
import { Words } from "./words.ts";

/** A handle of a sequence: in which file, and the file's number for it. */
interface Handle {
  readonly f: number;
  readonly handle: number;
}

/** A handle that no file has. */
const NO_HANDLE = 1_000_000;

/** What a request adds to its answer. */
type Extra = Record<string, number | string>;

/**
 * The answers with submits: one device, or two; files of programs that do or do not manage addresses; queues, syncobjs,
 * dma-bufs, framebuffers, memory pressure; jobs that end when they are told to.
 */
export class DevicesSession implements DriverSession {
  readonly #bench: Bench = new Bench();
  readonly #handles: Map<number, Handle> = new Map();
  readonly #queues: Map<number, { readonly f: number; readonly id: number }> = new Map();
  readonly #dmaBufs: Map<number, DmaBuf> = new Map();
  readonly #framebuffers: Map<number, { fb: MsmFramebuffer; device: Msm }> = new Map();
  readonly #kernelBos: Map<number, { bo: MsmBo; device: Msm; vm: MsmGemVm }> = new Map();
  /** What each syncobj has. */
  readonly #syncobjs: Map<number, DmaFence> = new Map();
  /** Fences of the sequence's own, by syncobj. */
  readonly #fences: Map<number, DmaFence> = new Map();
  readonly #deviceOf: Map<number, Msm> = new Map();
  readonly #seq: string;
  #rules: MsmRules = rulesNamed("mainline");
  #i = 0;
  #extra: Extra[] = [];

  constructor(seq: string) {
    this.#seq = seq;
  }

  answer(request: readonly string[]): Answer {
    const bench = this.#bench;
    const words = new Words(request.slice(1));
    const op = words.word();
    this.#extra = [];
    if (!["init", "init2", "policy"].includes(op) && bench.devices.length === 0) this.#init({});
    bench.begin();
    const ret = this.#ask(op, words);
    bench.pass(["close", "exit", "kill"].includes(op) ? AFTER_END_MS : AFTER_MS);
    const out = {
      ret,
      ...bench.report(),
      extra: this.#extra,
      resvLocks: bench.locks.resv,
      queueLruLocks: bench.locks.queueAndLru,
      tlbiPages: bench.tlbiPages(),
      stillBlocked: bench.sleeping.map(({ i }) => i),
      completed: bench.completed.map(({ i, ret: value }) => ({ i, ret: value })),
      ...this.#objects(),
    };
    bench.locks.resv = 0;
    bench.locks.queueAndLru = 0;
    this.#i++;
    return out;
  }

  describe(): readonly string[] {
    return [this.#seq, ...this.#bench.describe()];
  }

  #init(options: MsmOptions): void {
    this.#bench.start(this.#rules, options);
  }

  #ask(op: string, words: Words): number | null {
    const bench = this.#bench;
    switch (op) {
      case "policy":
        this.#rules = changedRules(words.word());
        this.#init({});
        return 0;
      case "init": {
        bench.devices.length = 0;
        const privateVms = !words.takes("shared");
        this.#init({ privateVms, rings: words.takes("rings") ? words.number() : 1 });
        return 0;
      }
      case "init2":
        this.#init({});
        return 0;
      case "failvm":
        bench.machine.dev.failAlloc = words.number() === 1 ? (what) => what === "msm vm" : null;
        return 0;
      case "open":
        return this.#open(words);
      case "queue":
        return this.#queue(words);
      case "queue0":
        return this.#queueZero(words.number(), words.number());
      case "queueclose":
        return this.#onQueue(words.number(), (f, queue) =>
          this.#ioctl(f, { op: "queue_close", t: 0, f, queue }),
        );
      case "envmbind":
        return this.#envmbind(words.number(), words.number());
      case "new":
        return this.#new(words);
      case "iova":
        return this.#iova(words.number());
      case "setiova": {
        const h = words.number();
        const iova = words.number();
        return this.#on(h, (f, bo) => this.#ioctl(f, { op: "set_iova", t: 0, f, bo, iova }));
      }
      case "gemclose":
        return this.#gemClose(words.number());
      case "madvise": {
        const h = words.number();
        const willneed = words.word() === "will";
        const ret = this.#on(h, (f, bo) => this.#ioctl(f, { op: "madvise", t: 0, f, bo, willneed }));
        const bo = this.#object(h);
        if (ret === 0 && bo !== undefined) this.#extra.push({ retained: bo.madv === "purged" ? 0 : 1 });
        return ret;
      }
      case "submit":
        return this.#submit(words);
      case "bind":
        return this.#bind(words);
      case "dup":
        return this.#dup(words.number(), words.number(), words.number());
      case "export":
        return this.#export(words.number(), words.number());
      case "import":
        return this.#import(words.number(), words.number(), words.number());
      case "closefd":
        return this.#run(this.#closeFd(words.number()));
      default:
        return this.#askDevice(op, words);
    }
  }

  #askDevice(op: string, words: Words): number | null {
    const bench = this.#bench;
    switch (op) {
      case "addfb":
        return this.#addFb(words.number(), words.number());
      case "flip":
        return this.#onFb(words.number(), showing);
      case "unflip":
        return this.#onFb(words.number(), hiding);
      case "rmfb":
        return this.#onFb(words.number(), removing);
      case "knew":
        return this.#kernelNew(words.number(), words.number(), words.word());
      case "kput":
        return this.#kernelPut(words.number());
      case "kpin":
      case "kunpin":
        return this.#kernelPin(op === "kpin", words.number(), words.word());
      case "evict":
        return bench.shrink(this.#device(0), words.number(), !words.takes("nb"));
      case "retire": {
        const n = words.word();
        return bench.retire(
          n === "all" ? Number.POSITIVE_INFINITY : Number(n),
          words.done ? null : words.number(),
        );
      }
      case "auto":
        bench.auto(words.number());
        return 0;
      case "sleep":
        bench.pass(words.number());
        return 0;
      case "fence":
        return this.#fence(words.number());
      case "signal":
        this.#fences.get(words.number())?.signal();
        bench.machine.settle();
        return 0;
      case "fencestat":
        return this.#syncobjs.get(words.number())?.signaled ? 1 : 0;
      case "unusable":
        bench.file(words.number()).ctx.vm?.giveUp();
        return 0;
      case "close":
      case "exit":
      case "kill":
        return this.#close(words.number(), op);
      case "end":
        return this.#end();
      case "state":
      case "syncobj":
        return 0;
      default:
        throw new BadLine(`msm does not know the request "${op}"`);
    }
  }

  #run(steps: Steps<Errno>): number | null {
    return this.#bench.run(this.#i, steps);
  }

  #device(nth: number): Msm {
    return this.#bench.device(nth).device;
  }

  #ioctl(f: number, request: Parameters<typeof ioctl>[2]): number | null {
    return this.#run(ioctl(this.#deviceOf.get(f) ?? this.#device(0), this.#bench.file(f), request));
  }

  #on(h: number, ask: (f: number, handle: number) => number | null): number | null {
    const { f, handle } = this.#handles.get(h) ?? { f: 1, handle: NO_HANDLE };
    return ask(f, handle);
  }

  #onQueue(q: number, ask: (f: number, id: number) => number | null): number | null {
    const { f, id } = this.#queues.get(q) ?? { f: 1, id: q };
    return ask(f, id);
  }

  #object(h: number): MsmBo | undefined {
    const { f, handle } = this.#handles.get(h) ?? { f: 0, handle: 0 };
    return this.#bench.files.get(f)?.handles.get(handle);
  }

  #open(words: Words): number | null {
    const f = words.number();
    const kind = words.word();
    const device = this.#device(words.done ? 0 : words.number());
    const file = new MsmFile(device, f);
    this.#bench.opened(f, file);
    this.#deviceOf.set(f, device);
    return kind === "vmbind" ? this.#run(enableVmBind(device, file.ctx)) : 0;
  }

  #queue(words: Words): number | null {
    const f = words.number();
    const queue = words.number();
    const prio = words.number();
    const flags = words.takes("vmbind") ? MSM_SUBMITQUEUE_VM_BIND : 0;
    const ret = this.#ioctl(f, { op: "queue_new", t: 0, f, queue, flags, prio });
    if (ret === 0) this.#queues.set(queue, { f, id: queue });
    return ret;
  }

  #queueZero(f: number, queue: number): number {
    this.#queues.set(queue, { f, id: 0 });
    return 0;
  }

  #envmbind(f: number, value: number): number | null {
    const device = this.#deviceOf.get(f) ?? this.#device(0);
    return this.#run(enableVmBind(device, this.#bench.file(f).ctx, value === 1));
  }

  #new(words: Words): number | null {
    const f = words.number();
    const bo = words.number();
    const size = words.number();
    const kind = words.done ? "" : words.word();
    const flags = kind === "uncached" ? 0x40000 : MSM_BO_WC | (kind === "noshare" ? MSM_BO_NO_SHARE : 0);
    const handle = this.#bench.nextHandle(f);
    const ret = this.#ioctl(f, { op: "gem_new", t: 0, f, bo: handle, size, flags });
    if (ret === 0) this.#opened(bo, f, handle);
    return ret;
  }

  /** A handle came to be, of an object that may be known. */
  #opened(h: number, f: number, handle: number): void {
    this.#handles.set(h, { f, handle });
    const bo = this.#object(h);
    if (bo !== undefined && this.#bench.bo(bo) === null) this.#bench.name(h, bo);
  }

  #iova(h: number): number | null {
    return this.#on(h, (f, bo) => {
      const ret = this.#ioctl(f, { op: "get_iova", t: 0, f, bo });
      const object = this.#object(h);
      const { vm } = this.#bench.file(f).ctx;
      if (ret !== 0 || object === undefined || vm === null) return ret;
      this.#extra.push({ iova: hex(vm.vas.addr(msmOf(object).vmas.peek(object, vm))) });
      return ret;
    });
  }

  #gemClose(h: number): number | null {
    return this.#on(h, (f, bo) => this.#ioctl(f, { op: "gem_close", t: 0, f, bo }));
  }

  #submit(words: Words): number | null {
    const q = words.number();
    const bos: number[] = [];
    const writes: number[] = [];
    const noImplicit = new Set<number>();
    const after: DmaFence[] = [];
    let out = 0;
    let cmds = 0;
    let cmdIova: number | null = null;
    while (!words.done) {
      const word = words.word();
      if (word === "h") {
        const access = this.#listed(words, bos);
        if (access.includes("w")) writes.push(bos.length - 1);
        if (access.includes("n")) noImplicit.add(bos.length - 1);
        cmds = 1;
      } else if (word === "in") after.push(...this.#syncobj(words.number()));
      else if (word === "out") out = words.number();
      else if (word === "cmdva") {
        cmdIova = words.number() || null;
        cmds = 1;
      } else throw new BadLine(`a submit knows no "${word}"`);
    }
    return this.#onQueue(q, (f, queue) => {
      const file = this.#bench.file(f);
      const device = this.#deviceOf.get(f) ?? this.#device(0);
      // A program that manages addresses asks for no implicit synchronisation.
      const flags = file.ctx.vmBind && bos.length === 0 ? MSM_SUBMIT_NO_IMPLICIT : 0;
      const request: RequestOf<"submit"> = { op: "submit", t: 0, f, queue, bos, writes, flags, cmds };
      const ret = this.#run(gemSubmit(device, file, request, { after, noImplicit, cmdIova }));
      const of = file.ctx.queues.get(queue);
      if (ret !== 0 || of === undefined) return ret;
      this.#extra.push({ fence: of.lastFence });
      if (out !== 0 && of.lastSubmit !== null) this.#syncobjs.set(out, of.lastSubmit);
      return ret;
    });
  }

  /** A listed object; a handle that is not there keeps its number, which no file has. */
  #listed(words: Words, bos: number[]): string {
    const h = words.number();
    bos.push(this.#handles.get(h)?.handle ?? NO_HANDLE);
    return words.word();
  }

  #syncobj(s: number): DmaFence[] {
    const fence = this.#syncobjs.get(s);
    return fence === undefined ? [] : [fence];
  }

  #bind(words: Words): number | null {
    const q = words.number();
    const after: DmaFence[] = [];
    const ops: BindOp[] = [];
    let out = 0;
    while (!words.done) {
      if (words.takes("in")) after.push(...this.#syncobj(words.number()));
      else if (words.takes("out")) out = words.number();
      else {
        const op = bindOp(words);
        ops.push(op.kind === "map" ? { ...op, bo: this.#handles.get(op.bo)?.handle ?? NO_HANDLE } : op);
      }
    }
    return this.#onQueue(q, (f, queue) => {
      const file = this.#bench.file(f);
      const device = this.#deviceOf.get(f) ?? this.#device(0);
      const request: RequestOf<"vm_bind"> = { op: "vm_bind", t: 0, f, queue, in: 0, out: 0, ops };
      const ret = this.#run(vmBind(device, file, request, after));
      const last = file.ctx.queues.get(queue)?.lastBind ?? null;
      // A bind that sleeps has not got its fence yet.
      if (out !== 0 && ret === 0 && last !== null) this.#syncobjs.set(out, last);
      return ret;
    });
  }

  #dup(h: number, h2: number, f2: number): number {
    const bo = this.#object(h);
    if (bo === undefined) return -ENOENT;
    bo.get("creator");
    const handle = this.#bench.nextHandle(f2);
    msmGemOpen(this.#bench.file(f2), bo, handle);
    this.#opened(h2, f2, handle);
    return 0;
  }

  #export(h: number, x: number): number {
    const { f, handle } = this.#handles.get(h) ?? { f: 0, handle: 0 };
    const file = this.#bench.file(f);
    const dmaBuf = this.#bench.driverOf(file).prime?.exportBo(file, handle) ?? null;
    if (dmaBuf === null) return this.#object(h) === undefined ? -ENOENT : -1;
    this.#dmaBufs.set(x, dmaBuf);
    return 0;
  }

  #import(x: number, f: number, h: number): number | null {
    const dmaBuf = this.#dmaBufs.get(x);
    const file = this.#bench.file(f);
    const prime = this.#bench.driverOf(file).prime;
    if (dmaBuf === undefined || prime === undefined) return -ENOENT;
    const ret = this.#run(prime.importBo(file, dmaBuf, this.#bench.nextHandle(f)));
    if (ret !== 0) return ret;
    this.#opened(h, f, primeLookup(file, dmaBuf) ?? NO_HANDLE);
    const bo = this.#object(h);
    this.#extra.push({ bo: bo === undefined ? 0 : (this.#bench.bo(bo) ?? 0) });
    return ret;
  }

  *#closeFd(x: number): Steps<Errno> {
    this.#dmaBufs.get(x)?.close();
    this.#dmaBufs.delete(x);
    return 0;
  }

  #addFb(h: number, id: number): number {
    const bo = this.#object(h);
    if (bo === undefined) return -ENOENT;
    const device = this.#deviceOf.get(this.#handles.get(h)?.f ?? 0) ?? this.#device(0);
    const fb = framebufferCreate(device, bo);
    if (typeof fb === "number") return fb;
    this.#framebuffers.set(id, { fb, device });
    return 0;
  }

  #onFb(id: number, fn: (device: Msm, fb: MsmFramebuffer) => Steps<Errno>): number | null {
    const known = this.#framebuffers.get(id);
    return known === undefined ? -ENOENT : this.#run(fn(known.device, known.fb));
  }

  #kernelVm(purpose: string): MsmGemVm | null {
    const { kmsVm, gpuVm } = this.#device(0);
    return purpose === "kms" ? kmsVm : gpuVm;
  }

  #kernelNew(k: number, size: number, purpose: string): number | null {
    const device = this.#device(0);
    const vm = this.#kernelVm(purpose);
    if (vm === null) return -EINVAL;
    const bench = this.#bench;
    const known = this.#kernelBos;
    const ret = this.#run(
      (function* (): Steps<Errno> {
        const bo = yield* kernelNew(device, size, vm);
        if (bo === null) return -EINVAL;
        known.set(k, { bo, device, vm });
        bench.name(k, bo);
        return 0;
      })(),
    );
    const made = known.get(k);
    if (made !== undefined) this.#extra.push({ iova: hex(vm.vas.addr(device.vmas.peek(made.bo, vm))) });
    return ret;
  }

  #kernelPut(k: number): number | null {
    const known = this.#kernelBos.get(k);
    return known === undefined ? -ENOENT : this.#run(closing(kernelPut(known.device, known.bo, known.vm)));
  }

  #kernelPin(pin: boolean, h: number, purpose: string): number | null {
    const bo = this.#object(h);
    const vm = this.#kernelVm(purpose);
    if (bo === undefined || vm === null) return -ENOENT;
    const device = this.#device(0);
    if (!pin) return this.#run(closing(unpinIova(device, bo, vm)));
    const ret = this.#run(getAndPinIova(device, bo, vm));
    if (ret === 0) this.#extra.push({ iova: hex(vm.vas.addr(device.vmas.peek(bo, vm))) });
    return ret;
  }

  #fence(s: number): number {
    const { machine } = this.#bench;
    const fence = machine.fence(machine.fenceContext(), 1);
    this.#fences.set(s, fence);
    this.#syncobjs.set(s, fence);
    return 0;
  }

  #close(f: number, ending: FileEnd): number | null {
    const file = this.#bench.files.get(f);
    if (file === undefined) return 0;
    this.#bench.files.delete(f);
    file.ending = ending;
    const device = this.#deviceOf.get(f) ?? this.#device(0);
    return this.#run(closing(msmPostclose(device, file)));
  }

  /** What the sequence has left open is closed. */
  #end(): number {
    const bench = this.#bench;
    for (const fence of this.#fences.values()) fence.signal();
    bench.retire(Number.POSITIVE_INFINITY, null);
    this.#run(this.#closeAll());
    return 0;
  }

  *#closeAll(): Steps<Errno> {
    const bench = this.#bench;
    for (const [f, file] of [...bench.files]) {
      bench.files.delete(f);
      yield* msmPostclose(this.#deviceOf.get(f) ?? this.#device(0), file);
    }
    for (const x of [...this.#dmaBufs.keys()]) yield* this.#closeFd(x);
    return 0;
  }

  #objects(): Answer {
    const bench = this.#bench;
    const living = [...bench.bos].filter(([, bo]) => bo.refs > 0);
    const vms = bench.livingVms();
    const rings = bench.devices.map(({ device }) => ringState(device.rings, bench));
    return {
      bos: living.map(([id, bo]) => boState(id, bo, bench)),
      vms: vms.map((vm) => vmState(bench.vm(vm), vm, bench)),
      ring: rings[0] ?? {},
      ...(rings[1] === undefined ? {} : { ring1: rings[1] }),
    };
  }
}

/** A plane shows it, and holds it. */
function* showing(device: Msm, fb: MsmFramebuffer): Steps<Errno> {
  fb.refs++;
  return yield* framebufferPrepare(device, fb);
}

function* hiding(device: Msm, fb: MsmFramebuffer): Steps<Errno> {
  yield* framebufferCleanup(device, fb);
  framebufferPut(fb);
  return 0;
}

function* removing(_device: Msm, fb: MsmFramebuffer): Steps<Errno> {
  framebufferPut(fb);
  return 0;
}
