import { actorOf, type Choice, choiceOf } from "./choice.ts";
import { Fingerprint } from "./fingerprint.ts";
import { watchLookups } from "./lookups.ts";
import { type Finding, Findings, type Limits, type Progress, type SearchResult } from "./result.ts";
import type { Scenario } from "./scenario.ts";
import { Visited } from "./visited.ts";
import { World } from "./world.ts";

/** How all schedules are gone through. */
export interface SearchOptions extends Limits {
  /** `bfs`: fewest changes of actor first, so the first finding is the shortest. `dfs`: least memory. */
  readonly order: "bfs" | "dfs";
  /** False: states are not recognised, every schedule is run (the naive way that reductions are held against). */
  readonly states?: boolean;
  /** Told now and then how far it is. */
  readonly progress?: (progress: Progress) => void;
}

/** Where a run left off, as a link to the run before: 3 numbers per node in growing typed arrays. */
class Nodes {
  #parent = new Int32Array(1024) as Int32Array;
  #choice = new Int32Array(1024) as Int32Array;
  #size = 1;

  add(parent: number, choice: Choice): number {
    if (this.#size === this.#parent.length) {
      this.#parent = grown(this.#parent);
      this.#choice = grown(this.#choice);
    }
    this.#parent[this.#size] = parent;
    this.#choice[this.#size] = choice;
    return this.#size++;
  }

  /** The choices that lead to a node, into `out`. */
  path(node: number, out: Choice[]): void {
    out.length = 0;
    for (let at = node; at !== 0; at = this.#parent[at] as number) out.push(this.#choice[at] as number);
    out.reverse();
  }

  get bytes(): number {
    return this.#parent.byteLength * 2;
  }
}

function grown(old: Int32Array): Int32Array {
  const out = new Int32Array(old.length * 2);
  out.set(old);
  return out;
}

/** A state, by the node that leads to it, and who goes on from there. */
interface Todo {
  readonly node: number;
  readonly choice: Choice;
  readonly depth: number;
  readonly failures: number;
}

/** What a note for later takes, as V8 keeps it. */
const TODO_BYTES = 40;

/**
 * Goes through all schedules of a scenario, each state once. A schedule is run from the start up to a state (calls in
 * progress cannot be copied or undone, loom does the same), then the chosen actor goes on for as long as it can,
 * leaving a note at each stop for everybody else who could have gone on there.
 */
export function search(scenario: Scenario, options: SearchOptions): SearchResult {
  const unwatch = watchLookups();
  try {
    return goThrough(scenario, options);
  } finally {
    unwatch();
  }
}

function goThrough(scenario: Scenario, options: SearchOptions): SearchResult {
  const findings = new Findings(scenario);
  const nodes = new Nodes();
  const visited = new Visited();
  const print = new Fingerprint();
  const byState = options.states ?? true;
  const maxFailures = options.failures ?? 0;
  const path: Choice[] = [];
  let now: Todo[] = [];
  let later: Todo[] = [];
  const result = { transitions: 0, steps: 0, runs: 0, depth: 0, level: 0, bound: null as string | null };
  const bfs = options.order === "bfs";

  const note = (todo: Todo, sameBlock: boolean) => {
    if (bfs && !sameBlock) later.push(todo);
    else now.push(todo);
  };

  const bytes = () => visited.bytes + nodes.bytes + (now.length + later.length) * TODO_BYTES;

  /** Whether the run goes on from here: the state is new. */
  const arrive = (world: World, failures: number): boolean => {
    if (world.violation !== null) return false;
    findings.witness(world);
    if (!byState) return true;
    const hash = print.take(world);
    // With fewer failures behind it the same state has more before it.
    if (maxFailures > 0) hash.int(failures);
    return visited.add(hash.a, hash.b);
  };

  const end = (world: World, node: number) => {
    nodes.path(node, path);
    result.runs++;
    findings.end(world, path);
  };

  const begin = new World(scenario, findings.orders);
  findings.lockOrders(path);
  findings.witness(begin);
  if (arrive(begin, 0)) {
    const all = begin.enabledAll();
    for (const actor of all) note({ node: 0, choice: choiceOf(actor), depth: 0, failures: 0 }, false);
    if (all.length === 0) end(begin, 0);
  } else end(begin, 0);

  for (;;) {
    if (now.length === 0) {
      if (later.length === 0) break;
      // The level is done: what one more change of actor leads to.
      if (options.stopAtFirst === true && findings.size > 0) break;
      if (result.level >= (options.maxBlocks ?? Number.POSITIVE_INFINITY)) {
        result.bound = `${options.maxBlocks} changes of actor`;
        break;
      }
      result.level++;
      now = later.reverse();
      later = [];
    }
    if (options.stopAtFirst === true && !bfs && findings.size > 0) break;
    if (result.steps >= (options.maxSteps ?? Number.POSITIVE_INFINITY)) {
      result.bound = `${options.maxSteps} steps`;
      break;
    }
    if (bytes() > (options.maxBytes ?? Number.POSITIVE_INFINITY)) {
      result.bound = `${options.maxBytes} bytes of states`;
      break;
    }
    const todo = now.pop() as Todo;
    let { node, choice, depth, failures } = todo;
    nodes.path(node, path);
    const world = new World(scenario, findings.orders);
    world.replay(path);
    result.steps += path.length;
    const actor = actorOf(choice);
    for (;;) {
      world.step(choice);
      result.steps++;
      result.transitions++;
      depth++;
      if (depth > result.depth) result.depth = depth;
      if (choice >> 8 === 0 && failures < maxFailures) {
        for (let k = 1; k <= world.fallible; k++) {
          note({ node, choice: choiceOf(actor, k), depth: depth - 1, failures: failures + 1 }, true);
        }
      }
      node = nodes.add(node, choice);
      choice = choiceOf(actor);
      if (findings.orders.news) {
        nodes.path(node, path);
        findings.lockOrders(path);
      }
      if (!arrive(world, failures)) {
        if (world.violation !== null) end(world, node);
        break;
      }
      const all = world.enabledAll();
      if (all.length === 0) {
        end(world, node);
        break;
      }
      if (depth >= (options.maxDepth ?? 400)) {
        result.bound = `${options.maxDepth ?? 400} steps deep`;
        break;
      }
      let on = false;
      for (const other of all) {
        if (other === actor) on = true;
        else note({ node, choice: choiceOf(other), depth, failures }, false);
      }
      if (!on) break;
    }
    if ((result.transitions & 1023) === 0 && options.progress !== undefined) {
      const queued = now.length + later.length;
      options.progress({
        ...result,
        states: byState ? visited.size : result.transitions,
        queued,
        bytes: bytes(),
      });
    }
  }
  return findings.result({
    ...result,
    method: byState ? options.order : "naive",
    states: byState ? visited.size : result.transitions,
    bytes: bytes(),
  });
}

/** The shortest schedule that shows a finding, by fewest changes of actor; null: none within the limits. */
export function shortest(scenario: Scenario, limits: Limits): Finding | null {
  return search(scenario, { ...limits, order: "bfs", stopAtFirst: true }).findings[0] ?? null;
}
