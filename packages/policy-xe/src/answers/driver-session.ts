import { BadLine, type DriverSession, hex, Numbers } from "@gpuvm/conformance";
import { DrmGpuvm, DrmGpuvmBo, type Steps, Task } from "@gpuvm/core";
import { type BindOp, type Driver, lock, type Request, unlock } from "@gpuvm/drm-model";
import { driverOf } from "../driver.ts";
import type { XeEvent } from "../events.ts";
import {
  BIND_IMMEDIATE,
  CLASS_VM_BIND,
  GEM_DEFER_BACKING,
  PLACE_SYSTEM,
  PLACE_VRAM0,
  VM_FAULT_MODE,
  VM_LR_MODE,
  VM_SCRATCH_PAGE,
} from "../flags.ts";
import type { XeBo } from "../memory/bo.ts";
import type { Place } from "../memory/lru.ts";
import { shrinkerScan } from "../memory/shrinker.ts";
import { BATTLEMAGE, LUNAR_LAKE } from "../platform.ts";
import { mainlinePolicy } from "../policy.ts";
import { vmMadvise } from "../vm/madvise.ts";
import { evictBo } from "../vm/validate.ts";
import type { XeVm } from "../vm/vm.ts";
import type { XeFile } from "../xe-file.ts";
import { Race } from "./race.ts";
import { Recorder } from "./recorder.ts";
import { stateOf } from "./state.ts";
import { Words } from "./words.ts";

type Answer = Record<string, unknown>;
type Asked<R> = R extends Request ? Omit<R, "t" | "f"> : never;

/** What one request says beside the state: the return value, and what the call told the program. */
interface Said {
  readonly ret: number;
  readonly extra?: readonly Answer[];
}

/** The whole driver: files, VMs, objects, binds, queues, work, memory pressure. */
export class DriverAnswers implements DriverSession {
  readonly #recorder: Recorder;
  readonly #driver: Driver;
  readonly #known = { bos: new Numbers<XeBo>(), vms: new Numbers<XeVm>() };
  readonly #files: Map<number, XeFile> = new Map();
  readonly #fileOfVm: Map<number, XeFile> = new Map();
  readonly #fileOfQueue: Map<number, XeFile> = new Map();
  /** The file of each handle; a handle and what it stands for when it was made have one number. */
  readonly #fileOfHandle: Map<number, XeFile> = new Map();
  #freed: string[] = [];
  /** The object that the request made. */
  #made: XeBo | null = null;
  #vmBosDestroyed = 0;
  #settled = true;
  readonly #race = new Race();
  #unknown: Readonly<Record<string, string>> = {};

  /** `vram`: bytes of its own memory, on a Battlemage; null: a Lunar Lake. */
  constructor(vram: number | null) {
    const recorder = new Recorder(vram === null ? LUNAR_LAKE : { ...BATTLEMAGE, vram });
    this.#recorder = recorder;
    this.#driver = driverOf(recorder.xe, mainlinePolicy);
    this.#recorder.machine.dev.onFree = (what) => this.#onFree(what as XeBo | DrmGpuvm | DrmGpuvmBo);
  }

  answer(request: readonly string[]): Answer {
    const { machine } = this.#recorder;
    this.#recorder.begin();
    this.#freed = [];
    this.#made = null;
    this.#vmBosDestroyed = 0;
    const created = machine.counts.vmBosCreated;
    const worked = machine.worked;
    const { ret, extra = [] } = this.#do(request[1] ?? "", new Words(request));
    const idle = machine.worked === worked && request[1] !== "exec";
    this.#settled = request[1] === "settle" || (this.#settled && idle);
    const suspended = this.#recorder.events.some(([what]) => what === "queue suspend");
    this.#unknown = this.#race.after(request[1] ?? "", suspended, this.#settled);
    const state = stateOf(this.#known);
    const { vram } = this.#recorder.xe.ttm;
    if (vram !== null) state.extra.push({ vramUsed: vram.used });
    return {
      ret,
      ...this.#recorder.since(),
      events: this.#recorder.events.map((event) => this.#event(event)),
      freed: this.#freed,
      vmBosCreated: machine.counts.vmBosCreated - created,
      vmBosDestroyed: this.#vmBosDestroyed,
      ...state,
      extra: request[1] === "failpt" || request[1] === "dgfx" ? [] : [...extra, ...state.extra],
    };
  }

  settled(): boolean {
    return this.#settled;
  }

  unknown(): Readonly<Record<string, string>> {
    return this.#unknown;
  }

  describe(): readonly string[] {
    const { bos, vms, extra } = stateOf(this.#known);
    return [...vms, ...bos, ...extra].map((line) => JSON.stringify(line));
  }

  #do(what: string, words: Words): Said {
    switch (what) {
      case "dgfx":
        return { ret: 0 };
      case "open":
        this.#file(words.number());
        return { ret: 0 };
      case "vmcreate":
        return this.#vmCreate(words);
      case "vmdestroy": {
        const vm = words.number();
        return this.#ask(this.#fileOfVm.get(vm), { op: "vm_destroy", vm });
      }
      case "bo":
        return this.#bo(words);
      case "share":
        return this.#share(words);
      case "closebo": {
        const bo = words.number();
        return this.#ask(this.#fileOfHandle.get(bo), { op: "gem_close", bo });
      }
      case "closehandle":
        return this.#ask(this.#file(words.number()), { op: "gem_close", bo: words.number() });
      case "export":
        return this.#export(words.number());
      case "queue":
        return this.#queue(words);
      case "queuedestroy": {
        const queue = words.number();
        return this.#ask(this.#fileOfQueue.get(queue), { op: "queue_close", queue });
      }
      case "exec": {
        const queue = words.number();
        const batches = words.more ? words.number() : 1;
        return this.#ask(this.#fileOfQueue.get(queue), { op: "exec", queue, batches, addr: 4096 });
      }
      case "bind":
        return this.#bind(words);
      case "madvise":
        return this.#madvise(words);
      case "shrink":
      case "shrinkdirect":
        return this.#shrink(words.number(), what === "shrink");
      case "evict":
        return { ret: this.#call(this.#evict(this.#boOf(words.number()))) };
      case "failpt":
        return this.#failpt(words.number());
      case "close": {
        const file = this.#file(words.number());
        this.#call(this.#driver.release(file));
        return { ret: 0 };
      }
      case "settle":
        this.#recorder.machine.quiesce();
        return { ret: 0 };
      default:
        throw new BadLine(`there is no request "xe ${what}"`);
    }
  }

  #vmCreate(words: Words): Said {
    const file = this.#file(words.number());
    const vm = words.number();
    let flags = 0;
    for (const mode of words.more ? words.word().split("+") : []) flags |= modeFlags(mode);
    const said = this.#ask(file, { op: "vm_create", vm, flags });
    const made = file.vms.get(vm);
    if (said.ret === 0 && made !== undefined) this.#known.vms.add(vm, made);
    this.#fileOfVm.set(vm, file);
    return said;
  }

  #bo(words: Words): Said {
    const file = this.#file(words.number());
    const bo = words.number();
    const size = words.number();
    const vm = words.skip("private") ? words.number() : 0;
    let flags = 0;
    let placement = PLACE_SYSTEM;
    while (words.more) {
      const word = words.word();
      if (word === "defer") flags = GEM_DEFER_BACKING;
      else placement = placementOf(word);
    }
    const said = this.#ask(file, { op: "gem_new", bo, size, vm, flags, placement });
    const made = file.handles.get(bo);
    if (said.ret === 0 && made !== undefined) this.#known.bos.add(bo, made);
    this.#made = made ?? null;
    this.#fileOfHandle.set(bo, file);
    return said;
  }

  #share(words: Words): Said {
    const from = words.number();
    const file = this.#file(words.number());
    const handle = words.number();
    const bo = this.#fileOfHandle.get(from)?.handles.get(from);
    if (bo === undefined) throw new BadLine(`there is no handle ${from}`);
    bo.get("creator");
    file.publish(handle, bo);
    this.#known.bos.add(handle, bo);
    this.#fileOfHandle.set(handle, file);
    return { ret: 0 };
  }

  #export(bo: number): Said {
    const file = this.#fileOfHandle.get(bo);
    const said = this.#ask(file, { op: "prime_export", bo });
    file?.exports.get(bo)?.close();
    file?.exports.delete(bo);
    return said;
  }

  #queue(words: Words): Said {
    const file = this.#file(words.number());
    const queue = words.number();
    const vm = words.number();
    this.#fileOfQueue.set(queue, file);
    return this.#ask(file, { op: "queue_new", queue, vm, class: words.skip("bind") ? CLASS_VM_BIND : 0 });
  }

  #bind(words: Words): Said {
    const vm = words.number();
    const queue = words.skip("q") ? words.number() : 0;
    const ops: BindOp[] = [];
    while (words.more) ops.push(bindOp(words));
    const file = this.#fileOfVm.get(vm);
    return this.#ask(file, { op: "vm_bind", vm, queue, syncs: 1, ops });
  }

  #madvise(words: Words): Said {
    const vm = words.number();
    const va = words.number();
    const length = words.number();
    const willneed = words.word() === "willneed";
    const file = this.#fileOfVm.get(vm);
    if (file === undefined) throw new BadLine(`there is no VM ${vm}`);
    const answer = this.#call(vmMadvise(file, vm, va, length, willneed));
    return { ret: answer.ret, extra: [{ retained: answer.retained ? 1 : 0 }] };
  }

  #shrink(pages: number, kswapd: boolean): Said {
    const scan = this.#call(shrinkerScan(this.#recorder.xe, pages, kswapd), new Task("kswapd", "reclaim"));
    return { ret: scan.scanned === 0 ? -1 : scan.freed, extra: [{ scanned: scan.scanned }] };
  }

  /** Moves an object out, as for another's sake. */
  *#evict(bo: XeBo): Steps<number> {
    const { dev } = this.#recorder.machine;
    yield* lock(dev, bo.resv, "xe_bo_evict");
    const ret = yield* evictBo(bo);
    unlock(dev, bo.resv);
    return ret;
  }

  /** The n-th table from here on can't be made; 0: all can. */
  #failpt(n: number): Said {
    let left = n;
    const { machine, xe } = this.#recorder;
    machine.dev.failAlloc = (what) => {
      if (what !== "xe page table" || left === 0 || --left > 0) return false;
      xe.onEvent?.(["table allocation fails"]);
      return true;
    };
    return { ret: 0 };
  }

  #ask<R extends Asked<Request>>(file: XeFile | undefined, request: R): Said {
    if (file === undefined) throw new BadLine(`nothing is known of what ${request.op} is asked of`);
    const steps = this.#driver.ioctl(file, { t: 0, f: file.id, ...request } as unknown as Request);
    return { ret: this.#call(steps) };
  }

  /** Makes a call, and lets a bind that waits do so before it returns: the recorder's device has no engine for it. */
  #call<T>(steps: Steps<T>, task?: Task): T {
    const { machine } = this.#recorder;
    const result = machine.call(steps, task, true) as T;
    if (this.#recorder.events.some(([what]) => what === "bind waits for fences")) machine.quiesce();
    return result;
  }

  #file(id: number): XeFile {
    let file = this.#files.get(id);
    if (file === undefined) {
      file = this.#driver.open(id) as XeFile;
      this.#files.set(id, file);
    }
    return file;
  }

  #boOf(number: number): XeBo {
    const bo = this.#known.bos.get(number);
    if (bo === undefined) throw new BadLine(`there is no object ${number}`);
    return bo;
  }

  #onFree(what: XeBo | DrmGpuvm | DrmGpuvmBo): void {
    const { bos, vms } = this.#known;
    const vmOf = (gpuvm: DrmGpuvm) => vms.byNumber().find(([vm]) => vm.gpuvm === gpuvm);
    if (what instanceof DrmGpuvmBo) {
      this.#vmBosDestroyed++;
      this.#freed.push(`vm_bo(vm${vmOf(what.vm)?.[1]},bo${bos.of(what.obj as XeBo)})`);
    } else if (what instanceof DrmGpuvm) {
      const found = vmOf(what);
      if (found === undefined) return;
      this.#freed.push(`vm${found[1]}`, `resv${found[1]}`);
      vms.drop(found[0]);
    } else if (bos.of(what) !== undefined) {
      this.#freed.push(`bo${bos.of(what)}`);
      bos.drop(what);
    }
  }

  /** A new object has no number yet. */
  #copied(bo: object): number {
    return bo === this.#made ? -1000 : (this.#known.bos.of(bo as XeBo) ?? -1000);
  }

  #event(event: XeEvent): unknown {
    if (event[0] === "tlb") return ["tlb", event[1], hex(event[2]), hex(event[3])];
    if (event[0] === "copy")
      return ["copy", this.#copied(event[1]), PLACES[event[2]], PLACES[event[3]], (event[1] as XeBo).size];
    if (event[0] === "clear bo")
      return ["clear bo", this.#copied(event[1]), PLACES[event[2]], (event[1] as XeBo).size];
    if (event[0] === "job") return { job: { flushTlb: event[1] ? 1 : 0 } };
    return event.length === 1 ? event[0] : event;
  }
}

const PLACES: Readonly<Record<Place, number>> = { system: 0, tt: 1, vram: 2 };

function placementOf(word: string): number {
  const placement = { sys: PLACE_SYSTEM, vram: PLACE_VRAM0, "vram+sys": PLACE_VRAM0 | PLACE_SYSTEM }[word];
  if (placement === undefined) throw new BadLine(`there is no placement ${word}`);
  return placement;
}

function modeFlags(mode: string): number {
  const flags = { scratch: VM_SCRATCH_PAGE, lr: VM_LR_MODE, fault: VM_LR_MODE | VM_FAULT_MODE }[mode];
  if (flags === undefined) throw new BadLine(`there is no VM of mode ${mode}`);
  return flags;
}

function bindOp(words: Words): BindOp {
  const what = words.word();
  const op = { bo: 0, boOffset: 0, va: 0, length: 0, flags: 0 };
  switch (what) {
    case "map":
    case "map+imm": {
      const bo = words.number();
      const va = words.number();
      const length = words.number();
      const flags = what === "map+imm" ? BIND_IMMEDIATE : 0;
      return { ...op, kind: "map", bo, va, length, boOffset: words.number(), flags };
    }
    case "null":
      return { ...op, kind: "map_null", va: words.number(), length: words.number() };
    case "unmap":
    case "prefetch":
      return { ...op, kind: what, va: words.number(), length: words.number() };
    case "unmapall":
      return { ...op, kind: "unmap_all", bo: words.number() };
    default:
      throw new BadLine(`there is no bind "${what}"`);
  }
}
