/** Makes neutral requests from events that name buffers and VMs by pointers. */
import type { NeutralBindOp, NeutralRequest, NeutralSubmit } from "@gpuvm/drm-model";
import type { Mutable } from "../raw-event.ts";
import type { Imported, ImportedRequest } from "./imported.ts";
import { type EmitBefore, QueueTimelines, type WorkOf } from "./queue-timelines.ts";

/** Gives serials for keys, a new one when a key is used again after it was dropped: kernel pointers are reused. */
class Serials {
  readonly #byKey = new Map<string, number>();
  #next = 1;

  get(key: string): number | undefined {
    return this.#byKey.get(key);
  }

  add(key: string): number {
    const serial = this.#next++;
    this.#byKey.set(key, serial);
    return serial;
  }

  drop(key: string): void {
    this.#byKey.delete(key);
  }
}

/** Keeps the clock and the serials of one file, and appends requests to what is imported. */
export class NeutralBuilder {
  readonly #bos = new Serials();
  readonly #vms = new Serials();
  readonly #queues = new Serials();
  readonly #fences = new Map<number, number>();
  /** Keys of the queues of each VM: they go with it. */
  readonly #queuesOf = new Map<number, string[]>();
  readonly #timelines = new QueueTimelines();
  /** The last work, as long as more can be said of what it waits for. */
  #held: {
    readonly item: ImportedRequest;
    readonly request: Mutable<NeutralSubmit>;
    readonly work: WorkOf;
  } | null = null;
  #clock: number | undefined;
  #origin: number | undefined;
  #t = 0;
  #line = 0;
  #out: Imported[] = [];

  /**
   * Sets where the following requests come from. Times that go back a little, as merged buffers do, are held.
   * `clocked` is false where the times are made up, so that nothing else can be compared with them.
   */
  at(line: number, nanoseconds: number, out: Imported[], clocked = true): void {
    this.#origin ??= nanoseconds;
    this.#t = Math.max(this.#t, nanoseconds - this.#origin);
    this.#clock = clocked ? this.#origin + this.#t : undefined;
    this.#line = line;
    this.#out = out;
  }

  /** Nanoseconds from the first event to the one that is being read. */
  get now(): number {
    return this.#t;
  }

  #emit(request: NeutralRequest, label?: string): void {
    this.settle();
    this.#out.push(this.#item(request, label));
  }

  #item(request: NeutralRequest, label?: string): ImportedRequest {
    const clock = this.#clock;
    return {
      kind: "request",
      line: this.#line,
      request,
      ...(clock === undefined ? {} : { clock }),
      ...(label === undefined ? {} : { label }),
    };
  }

  /** Nothing more is said of the last work: whatever else is appended stands behind it. Once more at the end of a file. */
  settle(out: Imported[] = this.#out): void {
    if (this.#held !== null) out.push(this.#held.item);
    this.#held = null;
  }

  /** The serial of a VM, which is created when it is new. `label` is how faults name it. */
  vm(key: string, label?: string): number {
    const known = this.#vms.get(key);
    if (known !== undefined) return known;
    const vm = this.#vms.add(key);
    this.#emit({ t: this.#t, f: 0, op: "vm_create", vm }, label);
    return vm;
  }

  /** Whether there is a VM of this key. */
  hasVm(key: string): boolean {
    return this.#vms.get(key) !== undefined;
  }

  /** The VM is gone, and its queues with it. Nothing happens when it was never seen. */
  vmDestroy(key: string): void {
    const vm = this.#vms.get(key);
    if (vm === undefined) return;
    this.#vms.drop(key);
    for (const key of this.#queuesOf.get(vm) ?? []) {
      this.#timelines.drop(this.#queues.get(key) ?? 0);
      this.#queues.drop(key);
    }
    this.#queuesOf.delete(vm);
    this.#emit({ t: this.#t, f: 0, op: "vm_destroy", vm });
  }

  /** The serial of a buffer, which is created with this size when it is new. */
  bo(key: string, size: number, label?: string): number {
    const known = this.#bos.get(key);
    if (known !== undefined) return known;
    const bo = this.#bos.add(key);
    this.#emit({ t: this.#t, f: 0, op: "gem_new", bo, size }, label);
    return bo;
  }

  /** The serial of a buffer, if it was seen. */
  knownBo(key: string): number | undefined {
    return this.#bos.get(key);
  }

  /** The buffer's handle is given up. */
  boClose(key: string): void {
    const bo = this.#bos.get(key);
    if (bo === undefined) return;
    this.#bos.drop(key);
    this.#emit({ t: this.#t, f: 0, op: "gem_close", bo });
  }

  /** One bind operation. */
  bind(
    vm: number,
    kind: NeutralBindOp["kind"],
    bo: number,
    boOffset: number,
    va: number,
    length: number,
  ): void {
    const op: NeutralBindOp = { kind, bo, boOffset, va, length, flags: 0 };
    this.#emit({ t: this.#t, f: 0, op: "vm_bind", vm, async: false, ops: [op] });
  }

  /**
   * Work on a queue of a VM, which is created when it is new. Gives the queue and the fence of the work. A ring that
   * works for several VMs is a queue for each: a queue never outlives its VM.
   */
  submit(ring: string, vm: number): WorkOf {
    this.settle();
    const key = `${vm}/${ring}`;
    let queue = this.#queues.get(key);
    if (queue === undefined) {
      queue = this.#queues.add(key);
      const keys = this.#queuesOf.get(vm);
      if (keys === undefined) this.#queuesOf.set(vm, [key]);
      else keys.push(key);
      this.#emit({ t: this.#t, f: 0, op: "queue_new", queue, vm });
    }
    const fence = (this.#fences.get(queue) ?? 0) + 1;
    this.#fences.set(queue, fence);
    const t = this.#t;
    const request: Mutable<NeutralSubmit> = {
      ...{ t, f: 0, op: "submit", vm, queue, bos: null, writes: [], work: true, fence },
    };
    const work = { queue, fence };
    const item = this.#item(request);
    this.#timelines.submit(request, fence, this.#before(item));
    this.#held = { item, request, work };
    return work;
  }

  /** The last work waits for other work. @returns whether that was said: it is too late once something else was */
  waitsFor(work: WorkOf, on: WorkOf): boolean {
    const held = this.#held;
    if (held === null || held.work !== work) return false;
    return this.#timelines.wait(held.request, work, on, this.#before(held.item));
  }

  #before(item: ImportedRequest): EmitBefore {
    const { t, f } = item.request;
    return (request) => this.#out.push({ ...item, request: { t, f, ...request } as NeutralRequest });
  }

  /** A wait for a fence that {@link NeutralBuilder.submit} gave. */
  wait(queue: number, fence: number): void {
    this.#emit({ t: this.#t, f: 0, op: "wait_fence", queue, fence });
  }
}
