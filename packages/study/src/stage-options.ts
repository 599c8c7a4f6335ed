import type { MachineOptions } from "@gpuvm/drm-model";
import type { Did } from "./did.ts";

/** Told of each thing that is done on a stage, when it is done. */
export type WatchOf<S> = (did: Did, stage: S) => void;

/** How a stage is set up. */
export interface OptionsOf<S> {
  /** Modelled time of one job in milliseconds. */
  readonly jobMs: number;
  /** Keeps the ledger and histories; default true. */
  readonly audit?: boolean;
  /** Defects that the driver is run with. */
  readonly defects?: ReadonlySet<string>;
  /** Repairs that the driver is run with. */
  readonly repairs?: ReadonlySet<string>;
  /** How the machine is made, beside what follows from the other options. */
  readonly machine?: Omit<MachineOptions, "audit" | "jobNs">;
  /** Told of each thing that is done; the ledger is kept for it. */
  readonly watch?: WatchOf<S> | undefined;
  /** What is different from the workload's other stages, in a few words. */
  readonly title?: string;
}
