import type { Checksum } from "./checksum.ts";

/**
 * A request, refilled for each: what a driver has on its stack. The fields start as NaN so that they stay doubles
 * and filling them allocates nothing.
 */
export class Request<Obj> {
  addr: number = Number.NaN;
  range: number = Number.NaN;
  offset: number = Number.NaN;
  obj: Obj;

  /** A request for `obj`. */
  constructor(obj: Obj) {
    this.obj = obj;
  }
}

/** How the steps of a request reach the driver: as a list that is applied afterwards, or one by one in a callback. */
export type MicroMode = "ops" | "cb";

/**
 * Something that keeps mappings, with split and merge: the core, or another data structure. Every step it applies
 * goes to `sum`, as the definition of the workloads has it.
 */
export interface Subject<Obj = unknown> {
  /** The objects; 1 to 64 are used. */
  readonly objects: readonly Obj[];
  /** Read by the calls. */
  readonly request: Request<Obj>;
  /** Where the steps go. */
  readonly sum: Checksum;
  /** Maps the request. */
  map(): void;
  /** Unmaps the request's range. */
  unmap(): void;
  /** Looks for the first mapping in the request's range; takes its page if there is one. */
  find(): boolean;
  /** Visits all mappings in order, the reserved one included, and takes the page of each; so many times. */
  walk(passes: number): void;
  /** Mappings now, without the reserved one. */
  live(): number;
}
