import type { NeutralBindOp, NeutralRequest } from "@gpuvm/drm-model";

/** A neutral request without its time and file. */
export type Neutral = NeutralRequest extends infer R
  ? R extends NeutralRequest
    ? Omit<R, "t" | "f">
    : never
  : never;

/** A request of the second file: another process. */
export interface Other {
  readonly other: Neutral;
}

/** The second file gets a handle of a buffer of the first, of the same number. */
export interface Share {
  readonly share: number;
}

/** A submit after which the program looks until the GPU has begun with it. */
export interface Begun {
  readonly begun: Neutral;
}

/** Why a fault of the GPU can be the program's own. */
export const PROGRAMS_FAULT =
  "the program takes away what its own work uses, and the driver does not have to wait for it";

/** What one actor does: requests of a file, a file's end, or memory pressure. */
export type Deed =
  | Neutral
  | Other
  | Begun
  | "close file"
  | "close other file"
  | "read fdinfo"
  | "read other fdinfo"
  | "shrink"
  | "shrink all";

/** A scope in neutral terms. */
export interface Plan {
  readonly name: string;
  readonly about: string;
  readonly setup: readonly (Neutral | Other | Share | "shrink")[];
  readonly actors: Readonly<Record<string, readonly Deed[]>>;
  /**
   * The program takes away what its own work uses, which is a fault of the GPU and not of the driver: `yes`, or where the
   * policy says that it does not wait at the close of a handle or of a file.
   */
  readonly faults?: "yes" | "handle-close" | "file-close";
  /** Only for drivers with buffers between processes. */
  readonly prime?: true;
  /** Binds answer before they are done. */
  readonly async?: true;
  /** Failures that one schedule has unless something else is asked for. */
  readonly failures?: number;
  /** States that some schedule must reach. */
  readonly sometimes?: readonly ("eviction" | "work")[];
}

const PAGE = 4096;
const VA = 2 ** 40 - 2 ** 32;

/** Bytes of each buffer. */
export const BO_BYTES: number = 4 * PAGE;

/** A buffer of 4 pages, private to a VM if one is named. */
export function bo(id: number, vm?: number): Neutral {
  return { op: "gem_new", bo: id, size: BO_BYTES, ...(vm === undefined ? {} : { vm }) };
}

/** A handle is given up. */
export function close(id: number): Neutral {
  return { op: "gem_close", bo: id };
}

/** A bind operation: maps a buffer, from a page of it on. */
export function mapOp(id: number, page: number, pages: number, from = 0): NeutralBindOp {
  const [va, length] = [VA + page * PAGE, pages * PAGE];
  return { kind: "map", bo: id, boOffset: from * PAGE, va, length, flags: 0 };
}

/** A bind operation: unmaps. */
export function unmapOp(page: number, pages: number): NeutralBindOp {
  return { kind: "unmap", bo: 0, boOffset: 0, va: VA + page * PAGE, length: pages * PAGE, flags: 0 };
}

/** One call of some bind operations. */
export function bind(vm: number, ...ops: readonly NeutralBindOp[]): Neutral {
  return { op: "vm_bind", vm, async: false, ops };
}

/** As {@link bind}, without a wait. */
export function later(vm: number, ...ops: readonly NeutralBindOp[]): Neutral {
  return { op: "vm_bind", vm, async: true, ops };
}

/** Maps in VM 1. */
export function map(id: number, page: number, pages: number): Neutral {
  return bind(1, mapOp(id, page, pages));
}

/** Unmaps in VM 1. */
export function unmap(page: number, pages: number): Neutral {
  return bind(1, unmapOp(page, pages));
}

/** Work that uses some buffers, on the queue of a VM, or on another one of it. */
export function submit(bos: readonly number[], vm = 1, queue: number = vm): Neutral {
  return { op: "submit", vm, queue, bos, writes: [], work: true };
}

/** A VM with a queue, both of one number. */
export function vm(id: number): readonly Neutral[] {
  return [
    { op: "vm_create", vm: id },
    { op: "queue_new", queue: id, vm: id },
  ];
}

/** A VM goes. */
export function destroyVm(id: number): Neutral {
  return { op: "vm_destroy", vm: id };
}

/** A queue goes. */
export function closeQueue(id: number): Neutral {
  return { op: "queue_close", queue: id };
}

/** By the second process. */
export function other(request: Neutral): Other {
  return { other: request };
}
