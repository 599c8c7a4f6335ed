/** Makes neutral requests from events that name buffers and VMs by pointers. */
import type { NeutralBindOp, NeutralRequest } from "@gpuvm/drm-model";
import type { Imported } from "./imported.ts";

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
  #origin: number | undefined;
  #t = 0;
  #line = 0;
  #out: Imported[] = [];

  /** Sets where the following requests come from. Times that go back a little, as merged buffers do, are held. */
  at(line: number, nanoseconds: number, out: Imported[]): void {
    this.#origin ??= nanoseconds;
    this.#t = Math.max(this.#t, nanoseconds - this.#origin);
    this.#line = line;
    this.#out = out;
  }

  #emit(request: NeutralRequest): void {
    this.#out.push({ kind: "request", line: this.#line, request });
  }

  /** The serial of a VM, which is created when it is new. */
  vm(key: string): number {
    const known = this.#vms.get(key);
    if (known !== undefined) return known;
    const vm = this.#vms.add(key);
    this.#emit({ t: this.#t, f: 0, op: "vm_create", vm });
    return vm;
  }

  /** The VM is gone. Nothing happens when it was never seen. */
  vmDestroy(key: string): void {
    const vm = this.#vms.get(key);
    if (vm === undefined) return;
    this.#vms.drop(key);
    this.#emit({ t: this.#t, f: 0, op: "vm_destroy", vm });
  }

  /** The serial of a buffer, which is created with this size when it is new. */
  bo(key: string, size: number): number {
    const known = this.#bos.get(key);
    if (known !== undefined) return known;
    const bo = this.#bos.add(key);
    this.#emit({ t: this.#t, f: 0, op: "gem_new", bo, size });
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

  /** Work on a queue, which is created when it is new. Gives the queue and the fence of the work. */
  submit(queueKey: string, vm: number): { queue: number; fence: number } {
    let queue = this.#queues.get(queueKey);
    if (queue === undefined) {
      queue = this.#queues.add(queueKey);
      this.#emit({ t: this.#t, f: 0, op: "queue_new", queue, vm });
    }
    const fence = (this.#fences.get(queue) ?? 0) + 1;
    this.#fences.set(queue, fence);
    this.#emit({ t: this.#t, f: 0, op: "submit", vm, queue, bos: null, writes: [], work: true, fence });
    return { queue, fence };
  }

  /** A wait for a fence that {@link NeutralBuilder.submit} gave. */
  wait(queue: number, fence: number): void {
    this.#emit({ t: this.#t, f: 0, op: "wait_fence", queue, fence });
  }
}
