import type { HolderGraph } from "../holders/snapshot.ts";

/** What is to be explored, or told again. */
export type Ask =
  /** A bug of the catalogue: its buggy form, and its fixed one. */
  | { readonly kind: "bug"; readonly id: string }
  /** A scenario of a policy, `xe:mainline+X4`, with so many injected failures. */
  | {
      readonly kind: "scenario";
      readonly policy: string;
      readonly scenario: string;
      readonly failures: number;
    }
  /** A counterexample by its token. */
  | { readonly kind: "replay"; readonly token: string };

/** One step of a counterexample, with the machine behind it. */
export interface RaceStep {
  readonly actor: string;
  readonly call: string;
  readonly begins: boolean;
  readonly stops: readonly string[];
  readonly result: string | null;
  readonly failed: readonly string[];
  readonly changes: readonly string[];
  /** Who holds whom now. */
  readonly graph: HolderGraph;
  /** Locks that are held, and by whom. */
  readonly locks: readonly string[];
  /** Page-table entries, a line for each run of them. */
  readonly entries: readonly string[];
}

/** What was done in one order. */
export interface RaceStory {
  readonly actors: readonly string[];
  readonly steps: readonly RaceStep[];
  readonly violation: string | null;
}

/** A counterexample, and what the fixed form does in the same order, as far as it can be followed. */
export interface Race {
  readonly token: string;
  readonly found: RaceStory;
  /** Null: it is no bug of the catalogue. */
  readonly fixed: RaceStory | null;
  /** The bug of the catalogue that it shows. */
  readonly bug: string | null;
}

/** What the worker tells the page. */
export type Tell =
  | {
      readonly kind: "progress";
      readonly doing: string;
      readonly states: number;
      readonly transitions: number;
    }
  | { readonly kind: "race"; readonly race: Race }
  /** A search is over: how many states it went through, what it found, and why it stopped. */
  | {
      readonly kind: "searched";
      readonly what: string;
      readonly states: number;
      readonly found: readonly string[];
      readonly bound: string;
    }
  | { readonly kind: "done" }
  | { readonly kind: "failed"; readonly message: string };
