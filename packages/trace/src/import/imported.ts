/** What importers give: requests, where a text tells of events, and snapshots, where it tells of a state. */
import type { Request } from "@gpuvm/drm-model";

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
  /** `total`, `shared`, `active`, `resident`, `purgeable`. */
  readonly what: string;
  readonly bytes: number;
}

/** A state that a text shows, one row at a time, so that a dump of any size needs no more memory than a small one. */
export type Snapshot = SnapshotSpace | SnapshotMapping | SnapshotRegion | SnapshotObject | SnapshotMemory;

/** One thing that was read, and where. */
export type Imported =
  | { readonly kind: "request"; readonly line: number; readonly request: Request }
  | { readonly kind: "snapshot"; readonly line: number; readonly snapshot: Snapshot };

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
  /** How many lines were passed over, by what they are; such as events that ask nothing of a driver. */
  readonly skipped: ReadonlyMap<string, number>;
}

/** Counts lines that are passed over. */
export class Skipped extends Map<string, number> {
  /** One more of these. The number of different names is limited, as they come from the file. */
  add(what: string): void {
    const name = this.has(what) || this.size < 1000 ? what : "other";
    this.set(name, (this.get(name) ?? 0) + 1);
  }
}
