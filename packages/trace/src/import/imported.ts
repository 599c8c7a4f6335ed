/** What importers give: requests, where a text tells of events, and snapshots, where it tells of a state. */
import type { Request } from "@gpuvm/drm-model";
import type { PassedOver } from "./skipped.ts";

/** One address space in a snapshot; the mappings that follow with the same `space` number are in it. */
export interface SnapshotSpace {
  readonly type: "space";
  /** Counted from 1 in the file. */
  readonly space: number;
  readonly name: string;
  /** First address, and one past the last. */
  readonly start: bigint;
  readonly end: bigint;
  /** The part kept for the kernel; both 0 for none. */
  readonly reservedStart: bigint;
  readonly reservedEnd: bigint;
}

/** One mapping in a snapshot. Bytes throughout. */
export interface SnapshotMapping {
  readonly type: "mapping";
  readonly space: number;
  readonly va: bigint;
  readonly length: bigint;
  /** What identifies the buffer in the dump: a kernel pointer. 0 for none (sparse), absent where the dump doesn't say. */
  readonly object?: bigint;
  readonly offset?: bigint;
  /** Further properties, as the dump names them. */
  readonly properties?: Readonly<Record<string, string>>;
}

/** nouveau: a range that userspace reserved for sparse mappings. */
export interface SnapshotRegion {
  readonly type: "region";
  readonly space: number;
  readonly va: bigint;
  readonly length: bigint;
}

/** One buffer object in a snapshot. */
export interface SnapshotObject {
  readonly type: "object";
  /** What the dump calls it: a name, a pointer or a number. */
  readonly id: string;
  readonly name: string;
  /** Process that made it, where the dump says. */
  readonly creator?: string;
  readonly refcount: number;
  /** Bytes. */
  readonly size: number;
  readonly residentSize?: number;
  /** Further columns, as the dump names them. */
  readonly properties: Readonly<Record<string, string>>;
}

/** An amount of memory that a process or the device uses. */
export interface SnapshotMemory {
  readonly type: "memory";
  /** Client, process or GPU that it is counted for. */
  readonly owner: string;
  readonly region: string;
  /** `total`, `shared`, `active`, `resident`, `purgeable`; a driver's own amounts begin with its prefix. */
  readonly what: string;
  readonly bytes: number;
}

/** A state that a text shows, one row at a time, so that a dump of any size needs no more memory than a small one. */
export type Snapshot = SnapshotSpace | SnapshotMapping | SnapshotRegion | SnapshotObject | SnapshotMemory;

/** A fault of the GPU that a text tells of: an address at which nothing could be read or written. */
export interface Fault {
  /** The address, or that of its page; 48-bit addresses are not sign-extended. */
  readonly address: bigint;
  /** Bytes from `address` on of which one was touched: 4096 where only the page is known. */
  readonly length: number;
  /** Who says so, such as `amdgpu` or `vkd3d-proton`. */
  readonly source: string;
  /** When, in nanoseconds on the clock of the text; absent where it doesn't say, or on another clock than events have. */
  readonly clock?: number;
  /** The address space, as {@link ImportedRequest.label} names it; absent where the text doesn't say. */
  readonly space?: string;
  /** More that the text says, such as the process or the kind of access. */
  readonly detail?: string;
}

/** A request that was read. */
export interface ImportedRequest {
  readonly kind: "request";
  /** Line of the text that it comes from, from 1. */
  readonly line: number;
  readonly request: Request;
  /** When, in nanoseconds on the clock of the text itself; absent where there is none. */
  readonly clock?: number;
  /** What the text calls the buffer or the address space that the request makes; absent where it has no name. */
  readonly label?: string;
}

/** A row of a state that was read. */
export interface ImportedSnapshot {
  readonly kind: "snapshot";
  readonly line: number;
  readonly snapshot: Snapshot;
  /** When, in nanoseconds since the first event, where the text says so. */
  readonly t?: number;
}

/** A fault of the GPU that was read. */
export interface ImportedFault {
  readonly kind: "fault";
  readonly line: number;
  readonly fault: Fault;
}

/** Events are missing here: what follows rests on a state that nobody saw. */
export interface ImportedLoss {
  readonly kind: "loss";
  readonly line: number;
  /** How many; absent where the text doesn't say. */
  readonly events?: number;
}

/** One thing that was read, and where. */
export type Imported = ImportedRequest | ImportedSnapshot | ImportedFault | ImportedLoss;

/** Reads one format, line by line. Made fresh for each file. */
export interface Importer {
  /**
   * Takes one line without its newline and appends what it says to `out`.
   *
   * @throws TraceError when a line that must be understood is damaged.
   */
  line(text: string, line: number, out: Imported[]): void;
  /** After the last line. */
  end(out: Imported[]): void;
  /** What was passed over. */
  readonly skipped: ReadonlyMap<string, PassedOver>;
}
