/** What a peer keeps for each mapping. */
export interface Mapping {
  readonly addr: number;
  readonly range: number;
  readonly offset: number;
  /** Number of the object; 0: none. */
  readonly obj: number;
}

/** An ordered structure from npm, with what split and merge need of it. */
export interface PeerStore {
  /** The package. */
  readonly name: string;
  insert(m: Mapping): void;
  remove(m: Mapping): void;
  /** Appends what overlaps `[addr, end)`, ascending. */
  overlapping(addr: number, end: number, out: Mapping[]): void;
  /** Calls `fn` for each, ascending. */
  each(fn: (m: Mapping) => void): void;
  size(): number;
}
