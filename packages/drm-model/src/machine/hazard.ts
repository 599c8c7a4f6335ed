/** What an audit can find. */
export type HazardKind =
  | "leak"
  | "use-after-free"
  | "stale-pte"
  | "stale-tlb"
  | "gpu-fault"
  | "dangling-list"
  | "count-underflow"
  | "lock-rule"
  | "wait-in-signalling"
  | "fence-order"
  | "job-order"
  | "kernel-warning";

/** Something that must not happen, with what is needed to see why it did. */
export interface Hazard {
  /** What. */
  readonly kind: HazardKind;
  /** The object it is about. */
  readonly object: string;
  /** What happened, and who holds it or which event is missing. */
  readonly detail: string;
  /** Virtual time in nanoseconds. */
  readonly at: number;
  /** The shortest history of the object that the machine kept, oldest first. */
  readonly history: readonly string[];
}
