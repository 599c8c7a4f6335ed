import { ENOENT, type Errno, type Steps } from "@gpuvm/core";
import { type Subject, subjectName } from "@gpuvm/drivers";
import {
  type Bo,
  type DmaBuf,
  type Driver,
  type LeftBehind,
  type Lowerer,
  leftBehind,
  type Machine,
  type NeutralBindOp,
  type NeutralRequest,
  Replay,
  type Request,
  type VmRecord,
} from "@gpuvm/drm-model";
import { bindsBy } from "./binds-by.ts";
import { programName } from "./did.ts";
import type { OptionsOf, WatchOf } from "./stage-options.ts";
import { ANYWHERE, type Ask, BASE, IN_VRAM, NOBODY, PAGE, QUEUE, SLOT, VM } from "./stage-words.ts";

/** Told of each thing that is done on a stage, when it is done. */
export type StageWatch = WatchOf<Stage>;

/** How a stage is set up. */
export type StageOptions = OptionsOf<Stage>;

/**
 * One run of one variant: programs (files) that ask, in neutral words, phrased as well-behaved programs of that driver
 * would. Time passes only when told to, or when a call waits.
 */
export class Stage {
  /** What runs. */
  readonly subject: Subject;
  /** See {@link StageOptions.title}. */
  readonly title: string;
  /** Files and the clock. */
  readonly replay: Replay;
  /** What was there before any file was open: the driver's own objects. */
  readonly baseline: LeftBehind;
  readonly #lower: Lowerer;
  readonly #addresses = new Map<string, number>();
  readonly #seen = new Map<string, Bo>();
  readonly #kernelBos: Bo[] = [];
  readonly #watch: StageWatch | undefined;
  #slots = 0;
  #bound: boolean | null = null;
  /** Something is being done: what it consists of is not told. */
  #doing = false;

  /** A started driver without files. */
  constructor(subject: Subject, options: StageOptions) {
    this.subject = subject;
    this.title = options.title ?? "";
    this.replay = new Replay(
      subject.variant,
      {
        ...options.machine,
        audit: options.watch !== undefined || (options.audit ?? true),
        jobNs: options.jobMs * 1e6,
      },
      {
        boOwnership: subject.boOwnership,
        defects: options.defects ?? new Set<string>(),
        repairs: options.repairs ?? new Set<string>(),
      },
    );
    this.#watch = options.watch;
    this.#lower = subject.variant.userspace.lower();
    this.machine.settle();
    this.baseline = leftBehind(this.machine);
  }

  /** The machine. */
  get machine(): Machine {
    return this.replay.machine;
  }

  /** The driver. */
  get driver(): Driver {
    return this.replay.driver;
  }

  /** Virtual time in milliseconds. */
  get ms(): number {
    return this.machine.now / 1e6;
  }

  /** The driver's own requests for a neutral one. */
  phrase(ask: Ask): readonly Request[] {
    return this.#lower({ ...ask, t: this.machine.now } as NeutralRequest);
  }

  /**
   * Asks one thing.
   *
   * @throws RangeError if the driver refuses: no program here asks for what it may not
   */
  ask(ask: Ask): void {
    this.#request(this.phrase(ask));
  }

  #request(requests: readonly Request[]): void {
    for (const request of requests) {
      const ret = this.replay.request({ ...this.#placed(request), t: this.machine.now });
      if (ret !== 0)
        throw new RangeError(`${subjectName(this.subject)} answers ${ret} to ${JSON.stringify(request)}`);
    }
  }

  /** On a device with memory of its own programs whose driver lets them choose want their buffers there, and nowhere else. */
  #placed(request: Request): Request {
    if (request.op !== "gem_new" || this.machine.options.vram === undefined) return request;
    const { placement, domain } = request;
    if (placement !== undefined) return { ...request, placement: IN_VRAM };
    return domain === undefined ? request : { ...request, domain: (domain & ~ANYWHERE) | IN_VRAM };
  }

  /** A program starts: a file with its VM and queue. */
  program(f: number): void {
    this.does(f, "opens the device, makes a VM and a queue", () => {
      this.replay.file(f);
      this.ask({ op: "vm_create", f, vm: VM });
      this.ask({ op: "queue_new", f, vm: VM, queue: QUEUE });
    });
  }

  /** A buffer, made and, where programs manage addresses, mapped. `isPrivate`: only for its program's VM. */
  buffer(f: number, bo: number, pages = 16, isPrivate = false): void {
    this.does(
      f,
      `creates ${isPrivate ? "private " : ""}buffer ${bo}${this.binds ? ", and maps it" : ""}`,
      () => {
        this.ask({ op: "gem_new", f, bo, size: pages * PAGE, ...(isPrivate ? { vm: VM } : {}) });
        this.#note(f, bo);
        this.map(f, bo, pages);
      },
    );
  }

  /** Maps a buffer where programs manage addresses; nothing elsewhere. */
  map(f: number, bo: number, pages = 16): void {
    const va = BASE + this.#slots++ * SLOT;
    this.#addresses.set(`${f}/${bo}`, va);
    const op = { kind: "map", bo, boOffset: 0, va, length: pages * PAGE, flags: 0 } as const;
    this.#binds(f, `maps buffer ${bo}`, op);
  }

  /** Unmaps a buffer where programs manage addresses; nothing elsewhere. */
  unmap(f: number, bo: number, pages = 16): void {
    const va = this.#addresses.get(`${f}/${bo}`) ?? BASE;
    const op = { kind: "unmap", bo: 0, boOffset: 0, va, length: pages * PAGE, flags: 0 } as const;
    this.#binds(f, `unmaps buffer ${bo}`, op);
  }

  /** Work that uses buffers, and writes the first. */
  submit(f: number, ...bos: number[]): void {
    const used = bos.length === 1 ? `buffer ${bos[0]}` : `${bos.length} buffers`;
    this.does(f, `submits a job that uses ${used}`, () => {
      this.ask({ op: "submit", f, vm: VM, queue: QUEUE, bos, writes: [0], work: true });
    });
  }

  /** Closes a handle. @returns milliseconds that the call took */
  close(f: number, bo: number): number {
    const began = this.ms;
    this.does(f, `closes its handle of buffer ${bo}`, () => this.ask({ op: "gem_close", f, bo }));
    return this.ms - began;
  }

  /** A program ends, or `kill`, is killed. @returns milliseconds that it took */
  exit(f: number, ending: "close" | "kill" = "close"): number {
    const began = this.ms;
    if (ending === "kill") this.replay.file(f).process.killed = true;
    const what = ending === "kill" ? "is killed (SIGKILL): its file is closed" : "ends: its file is closed";
    this.does(f, what, () => this.replay.close(f, ending));
    return this.ms - began;
  }

  /** Exports a buffer as its program does to show it, and keeps the dma-buf open. */
  show(f: number, bo: number): void {
    this.does(f, `exports buffer ${bo}, and keeps the dma-buf`, () =>
      this.ask({ op: "prime_export", f, bo }),
    );
  }

  /** The object of a handle, also after the handle is closed. */
  bo(f: number, bo: number): Bo | undefined {
    return this.#seen.get(`${f}/${bo}`);
  }

  /** A dma-buf of a handle's object; null where the driver cannot, or may not. */
  exportBo(f: number, bo: number): DmaBuf | null {
    const { prime } = this.driver;
    if (prime === undefined) return null;
    return this.does(f, `exports buffer ${bo} as a dma-buf`, () => prime.exportBo(this.replay.file(f), bo));
  }

  /** A handle for a dma-buf of the same device. The program's own bookkeeping learns of it as of any import. */
  importBo(f: number, dmaBuf: DmaBuf, bo: number): void {
    const { prime } = this.driver;
    const size = dmaBuf.bo.size;
    this.does(f, `imports the dma-buf as buffer ${bo}`, () => {
      for (const request of this.phrase({ op: "prime_import", f, bo, size, fresh: true })) {
        if (request.op !== "prime_import" || prime === undefined) this.replay.request(request);
        else this.machine.call(prime.importBo(this.replay.file(f), dmaBuf, request.bo));
      }
      this.#note(f, bo);
    });
  }

  /** A second handle to the object of a handle of the same file. */
  openAgain(f: number, bo: number, second: number): Errno {
    return this.does(f, `gets a second handle, ${second}, to buffer ${bo}`, () =>
      this.#openAgain(f, bo, second),
    );
  }

  #openAgain(f: number, bo: number, second: number): Errno {
    const file = this.replay.file(f);
    const { prime } = this.driver;
    if (prime?.openAgain !== undefined) return this.machine.call(prime.openAgain(file, bo, second)) ?? 0;
    // Elsewhere an import under another number makes a handle of it, with all that its opening does.
    const dmaBuf = this.exportBo(f, bo);
    if (dmaBuf === null) return -ENOENT;
    this.importBo(f, dmaBuf, second);
    dmaBuf.close();
    return file.handles.has(second) ? 0 : -ENOENT;
  }

  /** A request as a call that the caller steps through. It must come down to one request of the driver's. */
  ioctl(f: number, ask: Ask): Steps<Errno> {
    const [request] = this.phrase(ask);
    if (request === undefined) throw new RangeError(`${ask.op} means nothing to ${this.subject.driver.name}`);
    return this.driver.ioctl(this.replay.file(f), request);
  }

  /** What makes the first mapping of a buffer, as a call that the caller steps through: a bind, or a submit. */
  raced(f: number, bo: number): Steps<Errno> {
    if (!this.binds) {
      return this.ioctl(f, { op: "submit", f, vm: VM, queue: QUEUE, bos: [bo], writes: [0], work: true });
    }
    const op = {
      kind: "map",
      bo,
      boOffset: 0,
      va: BASE + this.#slots++ * SLOT,
      length: 65536,
      flags: 0,
    } as const;
    return this.ioctl(f, { op: "vm_bind", f, vm: VM, async: false, ops: [op] });
  }

  /** Runs a call of the kernel that is not a program's request: `who` does `what`. */
  call<T>(who: string, what: string, steps: Steps<T>): T | undefined {
    return this.does(who, what, () => this.machine.call(steps));
  }

  /** Lets everything finish. Files stay open. */
  idle(): void {
    this.does(NOBODY, "everything finishes: the GPU, and what was put off", () => this.machine.quiesce());
  }

  /**
   * The GPU's job at hand, or else the next, never ends by itself.
   *
   * @returns false: the model of the driver has no such job
   */
  hang(): boolean {
    const { gpu } = this.driver;
    if (gpu === undefined) return false;
    this.does("GPU", "hangs with the next job that it turns to", () => gpu.hang());
    return true;
  }

  /**
   * Time passes until `holds`, or nothing more is to come, but no longer than `limit` milliseconds.
   *
   * @returns milliseconds
   */
  passUntil(what: string, limit: number, holds: () => boolean): number {
    const { machine } = this;
    const began = this.ms;
    this.does(NOBODY, what, () => {
      machine.settle();
      while (!holds() && machine.timers.size > 0 && machine.timers.next <= (began + limit) * 1e6) {
        machine.advanceTo(machine.timers.next);
      }
    });
    return this.ms - began;
  }

  /** Time passes, in nanoseconds, until something that has a name. */
  sleep(ns: number, until: string): void {
    this.does(NOBODY, until, () => this.machine.advanceTo(this.machine.now + ns));
  }

  /** The device goes, with all that is still open. */
  finish(): void {
    this.does("kernel", "the device goes", () => this.replay.finish());
  }

  /** Does something that consists of several things, and tells whoever watches of the whole. */
  does<T>(who: number | string, what: string, act: () => T): T {
    const began = this.ms;
    const outermost = !this.#doing;
    this.#doing = true;
    const result = act();
    if (!outermost) return result;
    this.#doing = false;
    this.tell(typeof who === "number" ? programName(who) : who, what, who === NOBODY ? 0 : this.ms - began);
    return result;
  }

  /** Tells whoever watches of something that is no request: a stop of a call that is stepped by hand. */
  tell(who: string, what: string, waited_ms = 0): void {
    this.#watch?.({ who, what, waited_ms }, this);
  }

  /** An object of the kernel's own is one to look at, too. */
  see(bo: Bo | null): void {
    if (bo !== null) this.#kernelBos.push(bo);
  }

  /** The objects that programs made, and those of the kernel's that were to be seen, while they live; the oldest first. */
  get objects(): readonly Bo[] {
    return [...new Set([...this.#seen.values(), ...this.#kernelBos])].filter((bo) => bo.refs > 0);
  }

  /** The VM of a program; undefined if it has none, or it was freed and forgotten. Where all share one, that one. */
  vmOf(f: number): VmRecord | undefined {
    const { vms } = this.machine;
    if (this.shares) return vms.find(({ purpose }) => purpose === "kernel");
    return vms.find((record) => record.file === f && record.purpose === "program");
  }

  /** All programs share one VM, which is the driver's. */
  get shares(): boolean {
    return this.driver.policy.capabilities.some(
      ({ name, supported }) => name === "vm-per-file" && !supported,
    );
  }

  /** Objects and VMs beyond the driver's own. */
  left(): LeftBehind {
    const now = leftBehind(this.machine);
    return {
      bos: now.bos - this.baseline.bos,
      bytes: now.bytes - this.baseline.bytes,
      vms: now.vms - this.baseline.vms,
      vmBos: now.vmBos - this.baseline.vmBos,
      vas: now.vas - this.baseline.vas,
    };
  }

  /** The programs' buffers that live, whoever holds them: without what a driver makes for a VM or a queue. */
  get alive(): number {
    return new Set([...this.#seen.values()].filter((bo) => bo.refs > 0)).size;
  }

  /** Work of programs is not over: fences of their buffers are pending, or the GPU works with what the machine watches. */
  get busy(): boolean {
    const pending = [...this.#seen.values()].some(({ resv }) => resv.pending().length > 0);
    return pending || this.machine.inUse.size > 0;
  }

  /** The bytes of {@link Stage.alive}. */
  get aliveBytes(): number {
    return [...new Set([...this.#seen.values()])].reduce((sum, bo) => sum + (bo.refs > 0 ? bo.size : 0), 0);
  }

  /** Whether programs of this driver manage addresses themselves. */
  get binds(): boolean {
    this.#bound ??= bindsBy(this.subject);
    return this.#bound;
  }

  /** How many findings of a kind there are. */
  hazards(...kinds: readonly string[]): number {
    return this.machine.hazards.filter(({ kind }) => kinds.length === 0 || kinds.includes(kind)).length;
  }

  /** Binds, where programs manage addresses; else nothing is done, and nothing told. */
  #binds(f: number, what: string, op: NeutralBindOp): void {
    const requests = this.phrase({ op: "vm_bind", f, vm: VM, async: false, ops: [op] });
    if (requests.length > 0) this.does(f, what, () => this.#request(requests));
  }

  #note(f: number, bo: number): void {
    const found = this.replay.file(f).handles.get(bo);
    if (found !== undefined) this.#seen.set(`${f}/${bo}`, found);
  }
}
