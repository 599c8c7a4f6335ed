import { mark, setLogging } from "@gpuvm/core/undo";
import { actorOf, type Choice, choiceOf } from "../engine/choice.ts";
import { needInPlace } from "../engine/in-place.ts";
import { FIRST_VAS } from "../engine/numbers.ts";
import { World } from "../engine/world.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { Fingerprint } from "../state/fingerprint.ts";
import type { Hash } from "../state/hash.ts";
import type { Coverage } from "./coverage.ts";
import type { Findings } from "./result.ts";

/** What is left to do in a state on the way that is gone now. */
export interface Open {
  /** Choices still to be taken, the next one last. */
  readonly todo: Choice[];
  /** Steps to the state. */
  readonly depth: number;
  /** Failures injected before it. */
  readonly failures: number;
  /** Changes of actor before it. */
  readonly blocks: number;
}

/** What decides where a descent goes. */
export interface Guide {
  /** Injected failures in one schedule. */
  readonly failures: number;
  /** Steps of one schedule. */
  readonly maxDepth: number;
  /** Whether a state is gone on from: nobody was there before, with so much before him. */
  enter(hash: Hash, actor: number, blocks: number, failures: number, world: World): boolean;
  /** Whether another actor may go on after so many changes. */
  mayChange(blocks: number): boolean;
  /** After each step; true: enough. */
  stepped(): boolean;
  /** The last one first: the same states are come to by other ways. */
  readonly reversed?: boolean;
  /** What the schedules come by is noted here. */
  readonly coverage?: Coverage | undefined;
  /** Asked before each choice: somebody else may take one of the open ones. */
  readonly share?: (open: readonly Open[], path: readonly Choice[]) => void;
}

/** Counts of a descent. */
export interface Tally {
  /** Steps taken. */
  transitions: number;
  /** Schedules that came to an end: distinct last states, and violations. */
  runs: number;
  /** Longest schedule. */
  depth: number;
  /** The limit that was hit, or null. */
  bound: string | null;
}

/**
 * Depth first through a scenario, on one machine that is never built again: a step is taken, what follows is gone through, and the
 * step is taken back by the log of its writes.
 */
export class Descent {
  /** The machine. */
  readonly world: World;
  /** The way to where it stands. */
  readonly path: Choice[] = [];
  readonly #findings: Findings;
  readonly #print: Fingerprint;
  readonly #guide: Guide;
  readonly #tally: Tally;
  readonly #open: Open[] = [];
  #asked = false;

  /** Somebody asked what calls returned, and states were taken for one that differ in that: it is over. */
  get mistaken(): boolean {
    return this.#asked;
  }

  /**
   * At the beginning. Until {@link Descent.end} nobody else may build a machine. `answers`: what calls returned is part of the state.
   *
   * @throws NotTransformed
   */
  constructor(scenario: Scenario, findings: Findings, guide: Guide, tally: Tally, answers: boolean) {
    needInPlace();
    setLogging(false);
    this.#print = new Fingerprint(answers);
    this.#findings = findings;
    this.#guide = guide;
    this.#tally = tally;
    const asked = () => {
      this.#asked = !answers;
    };
    this.world = new World(scenario, findings.orders, null, FIRST_VAS, asked);
    setLogging(true);
    // A setup that broke a rule is no state.
    if (this.world.violation === null) this.#print.plan(this.world);
  }

  /** Over. */
  end(): void {
    setLogging(false);
  }

  /** Goes through everything from the beginning. */
  run(): void {
    this.#findings.lockOrders(this.path);
    this.#guide.coverage?.begin(this.world);
    if (this.#arrive(-1, 0, 0)) this.#state(-1, 0, 0);
    else if (this.world.violation !== null) this.#finish();
  }

  /** Goes through everything behind the last of some choices, which somebody else has come to. */
  runFrom(way: readonly Choice[], failures: number): void {
    const start = mark();
    for (const choice of way.slice(0, -1)) {
      mark();
      this.world.replay([choice]);
      this.path.push(choice);
    }
    this.#findings.orders.drop();
    this.#take(way.at(-1) as Choice, failures, 0);
    this.path.length = 0;
    this.#back(start);
  }

  /** Takes a choice, goes on from there if that is new, and comes back. */
  #take(choice: Choice, failures: number, blocks: number): boolean {
    const { world, path } = this;
    const guide = this.#guide;
    const tally = this.#tally;
    const start = mark();
    world.step(choice);
    tally.transitions++;
    path.push(choice);
    if (path.length > tally.depth) tally.depth = path.length;
    guide.coverage?.step(world, path);
    const fallible = choice >> 8 === 0 && failures < guide.failures ? world.fallible : 0;
    this.#findings.lockOrders(path);
    let enough = guide.stepped() || this.#asked;
    if (!enough) {
      if (this.#arrive(actorOf(choice), failures, blocks))
        enough = this.#state(actorOf(choice), failures, blocks);
      else if (world.violation !== null) this.#finish();
    }
    path.pop();
    this.#back(start);
    for (let k = fallible; k >= 1 && !enough; k--)
      enough = this.#take(choiceOf(actorOf(choice), k), failures + 1, blocks);
    return enough;
  }

  /** Whether it goes on from here. */
  #arrive(actor: number, failures: number, blocks: number): boolean {
    if (this.world.violation !== null) return false;
    this.#findings.witness(this.world);
    const hash = this.#print.take(this.world);
    return this.#guide.enter(hash, actor, blocks, failures, this.world);
  }

  #state(actor: number, failures: number, blocks: number): boolean {
    const all = this.world.enabledAll();
    if (this.#guide.reversed === true) all.reverse();
    if (all.length === 0) {
      this.#finish();
      return false;
    }
    const { path } = this;
    const guide = this.#guide;
    if (path.length >= guide.maxDepth) {
      this.#tally.bound = `${guide.maxDepth} steps deep`;
      return false;
    }
    const todo: Choice[] = [];
    // The last one is taken first: whoever goes on already, then the others in their order.
    if (guide.mayChange(blocks))
      for (const other of all.toReversed()) if (other !== actor) todo.push(choiceOf(other));
    if (all.includes(actor)) todo.push(choiceOf(actor));
    this.#open.push({ todo, depth: path.length, failures, blocks });
    let enough = false;
    for (let choice = todo.pop(); choice !== undefined && !enough; choice = todo.pop()) {
      const changes = actorOf(choice) === actor ? blocks : blocks + 1;
      enough = this.#take(choice, failures, changes);
      guide.share?.(this.#open, path);
    }
    this.#open.pop();
    return enough;
  }

  /** Nobody can go on, or something is wrong: what the run comes to. */
  #finish(): void {
    const start = mark();
    this.#tally.runs++;
    this.#findings.end(this.world, this.path);
    this.#back(start);
  }

  #back(to: number): void {
    this.#print.back(to);
  }
}
