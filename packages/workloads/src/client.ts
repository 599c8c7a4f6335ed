import { type NeutralBindOp, type NeutralRequest, UsageError } from "@gpuvm/drm-model";

/** A buffer of a generated program. */
export interface Buffer {
  readonly bo: number;
  readonly size: number;
  /** Where it is mapped; 0: it is not. */
  va: number;
}

/** Requests, and binds in them, that a workload can ask for before anybody takes them: they are held in memory. */
const AT_ONCE_MAX = 1_000_000;

/** Addresses that a program has on any of the drivers. */
const VA_MAX = 2 ** 47;

/** Numbers and time that all programs of a workload share. */
export class Stage {
  /** Virtual time in nanoseconds. */
  t = 0;
  #bo = 0;
  #f = 0;
  #waiting = 0;

  /** Takes notice of what was asked, or (negative) taken: nothing is asked for without end before it is taken. */
  asked(requests: number): void {
    this.#waiting += requests;
    if (this.#waiting > AT_ONCE_MAX)
      throw new UsageError(
        `the workload asks for more than ${AT_ONCE_MAX} things at once: give less of its parameters`,
      );
  }

  /** A serial that no buffer had. */
  serial(): number {
    return ++this.#bo;
  }

  /** A program that opens the device. */
  client(): Client {
    return new Client(this, this.#f++);
  }
}

/** Where user-mode drivers begin to place buffers. */
const FIRST_VA = 2 ** 32;
const VM = 1;
const QUEUE = 1;

/** A program, on a file of its own: what it asks is gathered until it is taken. Addresses are used again, last freed first. */
export class Client {
  readonly f: number;
  readonly #stage: Stage;
  readonly #free = new Map<number, number[]>();
  #next = FIRST_VA;
  #fence = 0;
  #out: NeutralRequest[] = [];
  #asked = 0;

  constructor(stage: Stage, f: number) {
    this.#stage = stage;
    this.f = f;
    this.#ask({ op: "vm_create", vm: VM });
    this.#ask({ op: "queue_new", vm: VM, queue: QUEUE });
  }

  /** What was asked since the last time. */
  take(): NeutralRequest[] {
    const out = this.#out;
    this.#out = [];
    this.#stage.asked(-this.#asked);
    this.#asked = 0;
    return out;
  }

  /** Makes a buffer; `mapped: false` leaves it without an address. */
  create(size: number, mapped = true): Buffer {
    const bo = this.#stage.serial();
    this.#ask({ op: "gem_new", bo, size });
    return this.#adopt({ bo, size, va: 0 }, mapped);
  }

  /** Takes a buffer from another process. */
  import(size: number, mapped = true): Buffer {
    const bo = this.#stage.serial();
    this.#ask({ op: "prime_import", bo, size, fresh: true });
    return this.#adopt({ bo, size, va: 0 }, mapped);
  }

  /** Gives a buffer to another process. */
  export(buffer: Buffer): void {
    this.#ask({ op: "prime_export", bo: buffer.bo });
  }

  /** Maps a buffer whole. */
  map(buffer: Buffer): void {
    buffer.va = this.reserve(buffer.size);
    this.bind([mapOp(buffer.bo, 0, buffer.va, buffer.size)]);
  }

  /** Unmaps a buffer; its address may be used again. */
  unmap(buffer: Buffer): void {
    this.bind([unmapOp(buffer.va, buffer.size)]);
    this.#freed(buffer.va, buffer.size);
    buffer.va = 0;
  }

  /** Gives a buffer up; `unmap: false` is what a badly behaved program does. */
  close(buffer: Buffer, unmap = true): void {
    if (unmap && buffer.va !== 0) this.unmap(buffer);
    this.#ask({ op: "gem_close", bo: buffer.bo });
  }

  /** Addresses for something. */
  reserve(size: number): number {
    const again = this.#free.get(size)?.pop();
    if (again !== undefined) return again;
    const va = this.#next;
    this.#next += Math.ceil(size / 65536) * 65536;
    if (this.#next > VA_MAX)
      throw new UsageError("the workload maps more than the 128 TiB of addresses that a program has");
    return va;
  }

  /** One bind call. */
  bind(ops: readonly NeutralBindOp[], async = false): void {
    this.#ask({ op: "vm_bind", vm: VM, async, ops }, ops.length);
  }

  /** Work with these buffers; null: with everything mapped. Tells its fence. */
  submit(buffers: readonly Buffer[] | null): number {
    const bos = buffers === null ? null : buffers.map(({ bo }) => bo);
    const fence = ++this.#fence;
    const writes = bos === null || bos.length === 0 ? [] : [0];
    this.#ask({ op: "submit", vm: VM, queue: QUEUE, bos, writes, work: true, fence });
    return fence;
  }

  /** Waits for a fence. */
  wait(fence: number): void {
    this.#ask({ op: "wait_fence", queue: QUEUE, fence });
  }

  /** Puts a buffer into the program's cache, or takes it out again. */
  madvise(buffer: Buffer, willneed: boolean): void {
    this.#ask({ op: "madvise", bo: buffer.bo, willneed });
  }

  /** The program ends, however it left things. */
  exit(): void {
    this.#ask({ op: "close" });
  }

  #adopt(buffer: Buffer, mapped: boolean): Buffer {
    if (mapped) this.map(buffer);
    return buffer;
  }

  #freed(va: number, size: number): void {
    const list = this.#free.get(size);
    if (list === undefined) this.#free.set(size, [va]);
    else list.push(va);
  }

  #ask(request: Ask, size = 1): void {
    this.#stage.asked(size);
    this.#asked += size;
    // Each kind of request has its own fields; what all have is added here.
    this.#out.push({ t: this.#stage.t, f: this.f, ...request } as NeutralRequest);
  }
}

type Ask = NeutralRequest extends infer R ? (R extends NeutralRequest ? Omit<R, "t" | "f"> : never) : never;

/** Maps part of a buffer. */
export function mapOp(bo: number, boOffset: number, va: number, length: number): NeutralBindOp {
  return { kind: "map", bo, boOffset, va, length, flags: 0 };
}

/** Maps nothing: reads give zero. */
export function nullOp(va: number, length: number): NeutralBindOp {
  return { kind: "map_null", bo: 0, boOffset: 0, va, length, flags: 0 };
}

/** Unmaps a range. */
export function unmapOp(va: number, length: number): NeutralBindOp {
  return { kind: "unmap", bo: 0, boOffset: 0, va, length, flags: 0 };
}
