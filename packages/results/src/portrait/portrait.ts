/** Columns of samples over one replay; row `i` is the state at `t_ms[i]`. */
export interface Series {
  /** Virtual time. */
  readonly t_ms: readonly number[];
  /** Bytes that live on after their last handle; the most since the row before, where that is a new peak. */
  readonly retained_bytes: readonly number[];
  /** Live mappings in all VMs. */
  readonly mappings: readonly number[];
  /** Bytes of live mappings. */
  readonly mapped_bytes: readonly number[];
  /** Mappings made so far. */
  readonly maps: readonly number[];
  /** Mappings taken away so far, by requests and by teardown. */
  readonly unmaps: readonly number[];
}

/** A part of an address space without large gaps. */
export interface Zone {
  /** First address, hexadecimal. */
  readonly start: string;
  /** For each cell how much of it is mapped: a digit from 0, nothing, to 8, all. */
  readonly fill: string;
  /** For each cell how many mappings begin in it: a digit, 9 for more. */
  readonly begins: string;
}

/** The fullest address space of a replay, when it was fullest. */
export interface AddressSpace {
  /** Which VM: `f0/vm2`. */
  readonly vm: string;
  readonly at_ms: number;
  readonly mappings: number;
  readonly mapped_bytes: number;
  /** Bytes of one cell. */
  readonly cell_bytes: number;
  readonly zones: readonly Zone[];
  /** Gaps between mappings within zones: how many, and the bytes of all and of the largest. */
  readonly holes: { readonly n: number; readonly bytes: number; readonly largest_bytes: number };
  /** Mappings by the power of two that their length reaches: `[12, 30]` is 30 of 4 KiB to 8 KiB. */
  readonly lengths: readonly (readonly [log2: number, n: number])[];
}

/** An object that nobody let go of, and why. */
export interface LeftObject {
  readonly object: string;
  readonly bytes: number;
  /** Who holds it, who holds that, and so on; empty where holders were not recorded. */
  readonly chain: readonly string[];
}

/** What one replay looked like: for the report. Exact and repeatable, as it is taken in virtual time. */
export interface Portrait {
  readonly series: Series;
  /** Submits by their number of locks, from and to inclusive: every number by itself where they are few. */
  readonly submit_locks: readonly (readonly [from: number, to: number, n: number])[];
  readonly address_space: AddressSpace | null;
  readonly left: readonly LeftObject[];
}
