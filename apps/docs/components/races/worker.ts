/// <reference lib="webworker" />
import { UsageError } from "@gpuvm/drm-model";
import { parseToken, runLoosely, type Scenario, tell, type World, without } from "@gpuvm/explorer";
import {
  BUGS,
  bugNamed,
  type Explored,
  exploreOne,
  type Named,
  scenarioOf,
  scopesOf,
} from "@gpuvm/scenarios";
import { entriesOf, locksHeld } from "../holders/behind.ts";
import { allHoldersOf } from "../holders/snapshot.ts";
import type { Ask, RaceStep, RaceStory, Tell } from "./messages.ts";

/** Steps of a search in the page: more is for the command. */
const MAX_STEPS = 5_000_000;

const say = (what: Tell) => self.postMessage(what);

self.onmessage = ({ data }: MessageEvent<Ask>) => {
  try {
    work(data);
    say({ kind: "done" });
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    say({ kind: "failed", message: error.message });
  }
};

function work(ask: Ask): void {
  if (ask.kind === "replay") {
    replay(ask.token);
    return;
  }
  if (ask.kind === "scenario") {
    explore(scopeNamed(ask.policy, ask.scenario), `${ask.policy} ${ask.scenario}`, ask.failures);
    return;
  }
  const bug = BUGS.find(({ id }) => id === ask.id);
  const buggy = bugNamed(ask.id);
  explore(buggy, `${ask.id}, with the bug`, buggy.failures);
  if (bug === undefined) return;
  explore(
    { ...buggy, name: `${buggy.name} fixed`, scenario: scenarioOf(bug, false) },
    `${ask.id}, fixed`,
    buggy.failures,
  );
}

function scopeNamed(policy: string, name: string): Named {
  const found = scopesOf(policy).find(({ scenario }) => scenario.name === name);
  if (found === undefined) throw new UsageError(`${policy} has no scenario "${name}"`);
  return found;
}

function explore(named: Named, what: string, failures: number): void {
  let last = 0;
  const explored = exploreOne(
    named,
    { first: true, inject: failures, maxSteps: MAX_STEPS },
    ({ states, transitions }) => {
      const now = performance.now();
      if (now - last < 100) return;
      last = now;
      say({ kind: "progress", doing: what, states, transitions });
    },
  );
  const { result } = explored;
  say({
    kind: "searched",
    what,
    states: result.states,
    found: result.findings.map(({ violation }) => `${violation.kind}: ${violation.message}`),
    bound: boundOf(explored),
  });
  const [first] = explored.shown;
  if (first !== undefined) replayed(named.scenario, first.token);
}

function boundOf({ result }: Explored): string {
  return result.bound ?? "to the end";
}

function replay(text: string): void {
  const token = parseToken(text);
  if (token === null) throw new UsageError(`"${text}" is no counterexample's token`);
  const slash = token.scenario.lastIndexOf("/");
  const named = token.scenario.startsWith(BUG)
    ? bugNamed(token.scenario.slice(BUG.length))
    : scopeNamed(token.scenario.slice(0, slash), token.scenario.slice(slash + 1));
  replayed(named.scenario, text);
}

/** What tokens of the catalogue's bugs begin with. */
const BUG = "bug:";

/** Tells a counterexample, and what the fixed form does in the same order. */
function replayed(scenario: Scenario, text: string): void {
  const token = parseToken(text);
  if (token === null) return;
  const bug = token.scenario.startsWith(BUG)
    ? BUGS.find(({ id }) => id === token.scenario.slice(BUG.length))
    : undefined;
  const found = storyOf(without(scenario, token.dropped), token.schedule);
  let fixed: RaceStory | null = null;
  if (bug !== undefined) {
    const mended = without(scenarioOf(bug, false), token.dropped);
    fixed = storyOf(mended, runLoosely(mended, token.schedule).taken);
  }
  say({ kind: "race", race: { token: text, found, fixed, bug: bug?.id ?? null } });
}

/** Tells what is done in an order, with the machine behind each step. */
function storyOf(scenario: Scenario, schedule: Parameters<typeof tell>[1]): RaceStory {
  const seen: Pick<RaceStep, "graph" | "locks" | "entries">[] = [];
  const { actors, steps, violation } = tell(scenario, schedule, (world) => {
    seen.push(stateOf(world));
  });
  return {
    actors,
    violation: violation === null ? null : `${violation.kind}: ${violation.message}`,
    steps: steps.map((step, i) => ({
      ...step,
      ...(seen[i] ?? { graph: { nodes: [], edges: [] }, locks: [], entries: [] }),
    })),
  };
}

function stateOf({ machine }: World): Pick<RaceStep, "graph" | "locks" | "entries"> {
  return { graph: allHoldersOf(machine), locks: locksHeld(machine), entries: entriesOf(machine) };
}
