import { dpor } from "../reduction/dpor.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { Visited } from "../state/visited.ts";
import { answersDecide } from "./answers-decide.ts";
import { Descent, type Tally } from "./descent.ts";
import { naive } from "./naive.ts";
import { Findings, type Limits, type SearchResult } from "./result.ts";
import { search } from "./search.ts";
import { verifyStates } from "./verify-states.ts";
import { verifyUndo } from "./verify-undo.ts";

/** How much is looked at. */
export interface VerifyHow {
  /** Injected failures in one schedule; default 0. */
  readonly failures?: number;
  /** Steps that a search which recognises states may take; default 200,000. What is larger is not verified. */
  readonly maxSteps?: number;
  /** Steps that one which recognises none may take; default 20,000. What it finds until then must be known. */
  readonly plainSteps?: number;
  /** Meetings of two schedules in a state that are compared; default 100. */
  readonly meetings?: number;
  /** Steps that are taken back and compared; default 1000. */
  readonly undone?: number;
}

/** What a scenario comes to by each way through it. */
export interface VerifiedScenario {
  /** Distinct states. */
  readonly states: number;
  /** Ways that came to their end, and those that were stopped: `dfs`, `reversed`, `bfs`, `dpor`, `naive`. */
  readonly whole: readonly string[];
  /** See {@link VerifiedScenario.whole}. */
  readonly stopped: readonly string[];
  /** Meetings of two schedules that were compared. */
  readonly meetings: number;
  /** Steps that were taken back, and runs that were made anew beside. */
  readonly undone: number;
  /** What was found: {@link violationKey}s. */
  readonly found: readonly string[];
  /** Where two ways came to something else, in words; empty: nowhere. */
  readonly differs: readonly string[];
}

/** What one search came to. */
interface Way {
  readonly name: string;
  readonly keys: readonly string[];
  readonly bound: string | null;
  /** How many states, and a sum over them; null: it recognises none. */
  readonly states: string | null;
}

/**
 * Holds everything that a search takes for granted against each other: depth first, the other way round, breadth first, by reduction and by
 * every schedule, a scenario has the same findings and, where they are recognised, the same states; two schedules that meet in a
 * state go on alike (`verifyStates`), so no policy decides by a field that is no part of it; steps that are taken back leave
 * nothing, and a fresh run comes to the same state (`verifyUndo`).
 *
 * @throws NotTransformed
 */
export function verify(scenario: Scenario, how: VerifyHow = {}): VerifiedScenario {
  const { failures = 0, maxSteps = 200_000, plainSteps = 20_000, meetings = 100, undone = 1000 } = how;
  const plain = { ...scenario, sometimes: {} };
  const limits = { failures, maxSteps };
  const few = { failures, maxSteps: plainSteps };
  const [first, reversed] = [statesOf(plain, limits, false), statesOf(plain, limits, true)];
  const ways = [
    first,
    reversed,
    breadthFirst(plain, limits, first),
    wayOf("dpor", dpor(plain, few)),
    wayOf("naive", naive(plain, { ...few, order: "dfs" })),
  ];
  const alike = verifyStates(plain, { most: meetings });
  const back = verifyUndo(plain, { most: undone, failures });
  return {
    states: first.count,
    whole: ways.filter(({ bound }) => bound === null).map(({ name }) => name),
    stopped: ways.filter(({ bound }) => bound !== null).map(({ name }) => name),
    meetings: alike.compared,
    undone: back.undone,
    found: first.keys,
    differs: [
      ...ways.slice(1).flatMap((way) => differences(first, way)),
      ...alike.mistaken.map(({ one, other, next: [a, b] }) => {
        const schedules = `${one.join(".")} and ${other.join(".")}`;
        return `schedules ${schedules} meet in a state and go on otherwise: ${a}; ${b}`;
      }),
      ...back.left.map((path) => `the last step of ${path.join(".")} leaves something when it is taken back`),
      ...back.other.map((path) => `${path.join(".")} comes to another state in a fresh run`),
      ...back.mistaken.map((path) => `${path.join(".")} is taken for a state that it is not`),
    ],
  };
}

/** Every state of a scenario, in one of two orders. */
function statesOf(
  scenario: Scenario,
  { failures, maxSteps }: { readonly failures: number; readonly maxSteps: number },
  reversed: boolean,
): Way & { readonly count: number } {
  const findings = new Findings(scenario);
  const visited = new Visited();
  const tally: Tally = { transitions: 0, runs: 0, depth: 0, bound: null };
  const sum = [0, 0];
  const descent = new Descent(
    scenario,
    findings,
    {
      ...{ failures, maxDepth: Number.POSITIVE_INFINITY, reversed, mayChange: () => true },
      enter(hash, _actor, _blocks, injected) {
        if (failures > 0) hash.int(injected);
        const { a, b } = hash;
        if (!visited.add(a, b)) return false;
        sum[0] = ((sum[0] as number) + a) | 0;
        sum[1] = ((sum[1] as number) + b) | 0;
        return true;
      },
      stepped() {
        if (tally.transitions >= maxSteps) tally.bound = `${maxSteps} steps`;
        return tally.bound !== null;
      },
    },
    tally,
    answersDecide(scenario),
  );
  try {
    descent.run();
  } finally {
    descent.end();
  }
  const rest = { ...tally, method: "dfs", states: visited.size, steps: 0, level: 0, bytes: 0 };
  const way = wayOf(
    reversed ? "reversed" : "dfs",
    findings.result(rest),
    `${visited.size} (${sum.join(":")})`,
  );
  return { ...way, count: visited.size };
}

/** It counts its states, and has no sum over them. */
function breadthFirst(
  scenario: Scenario,
  limits: Limits,
  first: { readonly count: number; readonly states: string | null },
): Way {
  const result = search(scenario, { ...limits, order: "bfs" });
  return wayOf("bfs", result, result.states === first.count ? first.states : `${result.states}`);
}

function wayOf(name: string, { findings, bound }: SearchResult, states: string | null = null): Way {
  return { name, keys: findings.map(({ key }) => key).sort(), bound, states };
}

/** What was stopped has found no more than there is; what was not, all of it, and in the same states. */
function differences(first: Way, way: Way): string[] {
  if (first.bound !== null) return [];
  const out: string[] = [];
  for (const key of way.keys)
    if (!first.keys.includes(key)) out.push(`${way.name} finds, and dfs does not: ${key}`);
  if (way.bound !== null) return out;
  for (const key of first.keys)
    if (!way.keys.includes(key)) out.push(`dfs finds, and ${way.name} does not: ${key}`);
  if (way.states !== null && way.states !== first.states)
    out.push(`${way.name} comes to ${way.states} states, dfs to ${first.states}`);
  return out;
}
