import type { Choice } from "../engine/choice.ts";
import type { World } from "../engine/world.ts";
import { sequentialOutcomes } from "../properties/atomic.ts";
import { LockOrder } from "../properties/lock-order.ts";
import { isEndless, type Violation, violationKey } from "../properties/violation.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { Fingerprint } from "../state/fingerprint.ts";
import { outcomeOf, resultsOf } from "../state/outcome.ts";
import { Answered } from "./answered.ts";

/** Where a search stops although there is more. */
export interface Limits {
  /** Injected failures in one schedule; default 0: none. */
  readonly failures?: number;
  /** Steps of one schedule; default 400. */
  readonly maxDepth?: number;
  /** Changes of actor in one schedule (breadth-first only); default: no limit. */
  readonly maxBlocks?: number;
  /** Steps over all schedules, those that were run again included; default: no limit. */
  readonly maxSteps?: number;
  /** Bytes of fingerprints, links and what is noted for later; default: no limit. */
  readonly maxBytes?: number;
  /** Stop when something was found, instead of finding everything. */
  readonly stopAtFirst?: boolean;
}

/** How far a search is. */
export interface Progress {
  /** Steps to states not known before or known already, without those run again to get there. */
  readonly transitions: number;
  /** All steps. */
  readonly steps: number;
  /** Distinct states. */
  readonly states: number;
  /** Longest schedule. */
  readonly depth: number;
  /** Noted for later. */
  readonly queued: number;
  /** Bytes of all that is remembered. */
  readonly bytes: number;
}

/** A property that does not hold, with a schedule that shows it. */
export interface Finding {
  /** What. */
  readonly violation: Violation;
  /** {@link violationKey} of it. */
  readonly key: string;
  /** How. */
  readonly schedule: readonly Choice[];
  /** Other schedules that it takes to show it: those that take the same locks in another order. */
  readonly others?: readonly (readonly Choice[])[];
}

/** What a search came to. */
export interface SearchResult {
  /** `bfs`, `dfs`, `naive`, `dpor`, `random`, `pct`. */
  readonly method: string;
  /** One for each kind of violation, the first schedule that showed it. */
  readonly findings: readonly Finding[];
  /** Distinct states (with `naive` and `dpor`: steps, as no state is recognised). */
  readonly states: number;
  /** See {@link Progress}. */
  readonly transitions: number;
  /** See {@link Progress}. */
  readonly steps: number;
  /** Schedules run to their end. */
  readonly runs: number;
  /** Longest schedule that was gone through: another one where states are come to in another order. */
  readonly depth: number;
  /** Most changes of actor that were gone through (breadth-first). */
  readonly level: number;
  /** The limit that was hit, or null: everything was explored. */
  readonly bound: string | null;
  /** Interesting states that no schedule reached, and kinds of calls that each schedule saw refused. */
  readonly unreached: readonly string[];
  /** Bytes of fingerprints and links. */
  readonly bytes: number;
}

/** What the runs of a part of a search have shown: it can be sent to another thread. */
export interface Seen {
  readonly findings: readonly Finding[];
  /** Orders of locks: two classes, and the schedule that showed it. */
  readonly orders: readonly (readonly [before: string, after: string, schedule: readonly Choice[]])[];
  /** Interesting states that were not reached, and kinds of calls that were always refused. */
  readonly unreached: readonly string[];
  readonly refused: readonly string[];
}

/** Collects what the runs of a search show. */
export class Findings {
  readonly #scenario: Scenario;
  readonly #found = new Map<string, Finding>();
  readonly #unreached: Map<string, (world: World) => boolean>;
  readonly #sequential: ReadonlySet<string> | null;
  readonly #print = new Fingerprint();
  readonly #answered: Answered;
  /** In which order locks were taken, over all runs. */
  readonly orders: LockOrder = new LockOrder();

  /** Nothing yet. */
  constructor(scenario: Scenario) {
    this.#scenario = scenario;
    this.#answered = new Answered(scenario);
    this.#unreached = new Map(Object.entries(scenario.sometimes ?? {}));
    this.#sequential = scenario.atomic === true ? sequentialOutcomes(scenario, this.#print) : null;
  }

  /** How many kinds of violation. */
  get size(): number {
    return this.#found.size + this.orders.inversions().length;
  }

  /** A state was reached. */
  witness(world: World): void {
    // Where two schedules meet only one of them goes on: what its calls returned is noted before.
    this.#answered.look(world);
    if (this.#unreached.size === 0) return;
    for (const [name, reached] of this.#unreached) if (reached(world)) this.#unreached.delete(name);
  }

  /** The last step of a schedule may have taken locks in an order that is new. */
  lockOrders(schedule: readonly Choice[]): void {
    if (this.orders.news) this.orders.join(schedule);
  }

  /** A schedule shows a violation; the first one that does is kept. */
  add(violation: Violation, schedule: readonly Choice[], others?: Finding["others"]): void {
    const key = violationKey(violation);
    if (this.#found.has(key)) return;
    // What never ends is shown by the way to it.
    const finding = { violation, key, schedule: isEndless(key) ? schedule.slice(0, -1) : schedule.slice() };
    this.#found.set(key, others === undefined ? finding : { ...finding, others });
  }

  /** A run is over, by a violation or because nobody can go on. */
  end(world: World, schedule: readonly Choice[]): Violation | null {
    this.#answered.look(world);
    let violation = world.violation;
    if (violation === null && this.#sequential !== null && world.done) {
      const outcome = outcomeOf(world, this.#print);
      if (!this.#sequential.has(outcome)) {
        violation = {
          kind: "not-atomic",
          message: `no order of whole calls comes to this: ${resultsOf(world)}`,
        };
      }
    }
    violation ??= world.finish();
    if (violation !== null) this.add(violation, schedule);
    return violation;
  }

  /** What was shown so far. */
  seen(): Seen {
    return {
      findings: [...this.#found.values()],
      orders: this.orders.pairs(),
      unreached: [...this.#unreached.keys()],
      refused: this.#answered.refused,
    };
  }

  /** Adds what another part of the search has shown. */
  join({ findings, orders, unreached, refused }: Seen): void {
    for (const finding of findings) if (!this.#found.has(finding.key)) this.#found.set(finding.key, finding);
    for (const [before, after, schedule] of orders) this.orders.add(before, after, schedule);
    for (const name of [...this.#unreached.keys()])
      if (!unreached.includes(name)) this.#unreached.delete(name);
    this.#answered.join(refused);
  }

  /** The search is over. */
  result(rest: Omit<SearchResult, "findings" | "unreached">): SearchResult {
    for (const { violation, schedules } of this.orders.inversions()) {
      const [first = [], ...others] = schedules;
      this.add(violation, first, others);
    }
    const findings = [...this.#found.values()];
    // What breaks may do so before a call is over.
    const refused = findings.length === 0 && rest.bound === null ? this.#answered.missing : [];
    return { ...rest, findings, unreached: [...this.#unreached.keys(), ...refused] };
  }

  /** The scenario. */
  get scenario(): Scenario {
    return this.#scenario;
  }
}
