import type { DmaResv, DrmGpuvm, DrmGpuvmBo, Task, WwTicket } from "@gpuvm/core";
import type { Hash } from "./hash.ts";

/** What says of an object what makes a difference, piece by piece. */
export interface Reading {
  /** What stands by itself. */
  readonly hash: Hash;
  /** Any value: a field, an element, a local. */
  any(value: unknown): void;
  /** A string; serial numbers in names (`bo#3`) are left out. */
  name(text: string): void;
  /** Who holds a lock: actors and workers are known by their names. */
  task(task: Task | null): void;
  /** A place on a timeline. */
  timeline(context: number, seqno: number): void;
  /** A ticket: only which of two is older counts. */
  ticket(ticket: WwTicket): void;
  /** A VM whose rows were read. */
  vm(vm: DrmGpuvm): void;
  /** A link, for its list of mappings. */
  link(link: DrmGpuvmBo): void;
  /** The fences of a dma_resv. */
  resv(resv: DmaResv): void;
  /** What is waited for: fences, or anything else. */
  waits(value: unknown): void;
}

/** What an object is to its reader. */
export interface Kind {
  /** Hashes what it holds. */
  readonly hash: (reader: Reading, value: never) => void;
  /** Objects of its own of which nothing is hashed but through it: a write to one is a write to it. */
  readonly stores: ((value: never) => readonly unknown[]) | null;
  /** What all of those are the same by that cannot change any more; 0: this one can. */
  readonly leaf: ((value: never) => number) | null;
  /** Whether captured variables are part of it: they change without a write to it. */
  readonly captures: boolean;
}
