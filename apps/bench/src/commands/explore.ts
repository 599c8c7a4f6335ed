import { UsageError, unknownName } from "@gpuvm/drm-model";
import { formatStory, parseToken, storyToPerfetto, tell, without } from "@gpuvm/explorer";
import {
  type Budgets,
  bugNamed,
  type Explored,
  type How,
  type Named,
  parseSelector,
  refusedSetup,
  withBudgets,
} from "@gpuvm/scenarios";
import { EXIT } from "../cli/context.ts";
import { writeWhole } from "../cli/output.ts";
import { checkOutputs } from "../cli/outputs.ts";
import { exploreAll } from "../explore/explore-all.ts";
import { runGenerated } from "../explore/explore-generated.ts";
import { type ExploredJson, exploredText, verdictOf } from "../explore/explored-part.ts";
import {
  generatedScenariosOf,
  largeScenariosOf,
  requireNamed,
  scenarioNamed,
  scenariosOf,
} from "../explore/resolve.ts";
import type { Watcher } from "../explore/together.ts";
import { verifyAll } from "../explore/verify-all.ts";
import { exploreText } from "../format/explore-text.ts";
import type { Shard } from "../run/plan.ts";

/** The arguments of `explore`. */
export interface ExploreArgs extends How, Budgets {
  /** `DRIVER[:VARIANT][+DEFECT...]` or the path of a module; not with {@link ExploreArgs.bug}; with a token only where it is of a module. */
  readonly policy?: string;
  /** Every pair of the policy's calls, instead of written scenarios. */
  readonly pairs?: boolean;
  /** Every triple. */
  readonly triples?: boolean;
  /** Holds the searches against each other, and against fresh runs, instead of looking for what is wrong with the policy. */
  readonly verify?: boolean;
  /** One scenario of the policy; default: all of them but the large ones. */
  readonly scenario?: string;
  /** A bug of the catalogue, with its defect. */
  readonly bug?: string;
  /** A counterexample to be told again. */
  readonly replay?: string;
  /** Only every n-th scenario: `i/n`, i from 1. */
  readonly shard?: Shard;
  /** Threads: a scenario for each, and several for one where fewer are left; default 1. */
  readonly workers?: number;
  /** With pairs or triples: what was never reached, too. */
  readonly coverage?: boolean;
  /** Results as JSON. */
  readonly json?: boolean;
  /** Columns of the terminal; default 100. */
  readonly width?: number;
  /** Where the first counterexample goes as a trace for Perfetto. */
  readonly perfetto?: string;
  /** Told now and then how far it is; the caller knows the clock. */
  readonly progress?: Watcher;
  /** The same of pairs and triples: scenarios done, and of how many. */
  readonly generated?: (done: number, of: number) => void;
}

/**
 * Explores scenarios of a policy, or tells a counterexample again.
 *
 * @returns 0; 1 if a property is violated, or a witness was never reached
 */
export async function runExplore(asked: ExploreArgs, out: (text: string) => void): Promise<number> {
  checkOutputs([asked.perfetto]);
  checkTogether(asked);
  const args = onBudgets(asked);
  if (args.replay !== undefined) return await replay(args, args.replay, out);
  if (args.verify === true) return await verified(args, out);
  if (args.pairs === true || args.triples === true) return await generated(args, out);
  const { method, inject, seed, runs, maxSteps, first: stop } = args;
  const how = definedOf({ method, inject, seed, runs, maxSteps, first: stop });
  const all = await chosen(args);
  const { workers = 1, width } = args;
  const { begin, refused } = begun(all, args.policy);
  const explored = await exploreAll(begin, how, { workers, width }, args.progress);
  const answers = new Map([...explored.map(withoutTraces), ...refused].map((item) => [item.name, item]));
  // In their own order: parts of an exploration are put together by it.
  const items = all.flatMap(({ name }) => answers.get(name) ?? []);
  const { policy, scenario, bug } = args;
  if (args.json === true) out(exploredText(items, { policy, scenario, bug, ...how }, args.shard));
  else out(exploreText(explored, args.width ?? 100) + notBegun(refused));
  const first = explored.flatMap((e) => e.shown)[0];
  if (args.perfetto !== undefined && first !== undefined) writeWhole(args.perfetto, first.perfetto);
  return verdictOf(items);
}

/** What each way of exploring takes no notice of: asked for together, one of both would be lost without a word. */
const NOT_TOGETHER: readonly (readonly [keyof ExploreArgs, readonly (keyof ExploreArgs)[]])[] = [
  [
    "replay",
    [
      "scenario",
      "bug",
      "pairs",
      "triples",
      "coverage",
      "method",
      "inject",
      "runs",
      "shard",
      "json",
      "vram",
      "gart",
      "memory",
    ],
  ],
  ["bug", ["policy", "scenario", "pairs", "triples", "coverage", "shard", "vram", "gart", "memory"]],
  ["pairs", ["triples", "scenario", "method", "runs", "seed", "first", "perfetto"]],
  ["triples", ["scenario", "method", "runs", "seed", "first", "perfetto"]],
];

function checkTogether(args: ExploreArgs): void {
  const isGiven = (name: keyof ExploreArgs) => args[name] !== undefined && args[name] !== false;
  const flag = (name: string) => `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
  for (const [name, others] of NOT_TOGETHER) {
    const other = isGiven(name) ? others.find(isGiven) : undefined;
    if (other !== undefined)
      throw new UsageError(`${flag(name)} and ${flag(other)} do not go together: leave one out`);
  }
  if (args.coverage === true && args.pairs !== true && args.triples !== true)
    throw new UsageError("--coverage is for --pairs or --triples");
  const byChance = args.method === "random" || args.method === "pct";
  for (const name of ["runs", "seed"] as const)
    if (isGiven(name) && !byChance) throw new UsageError(`${flag(name)} is for --method random or pct`);
}

/** Budgets are a part of what a policy is called, so that a token leads to the same machine again. */
function onBudgets(args: ExploreArgs): ExploreArgs {
  const { vram, gart, memory, policy, ...rest } = args;
  const budgets = Object.fromEntries(
    Object.entries({ vram, gart, memory }).filter(([, bytes]) => bytes !== undefined),
  ) as Budgets;
  if (Object.keys(budgets).length === 0) return args;
  if (policy === undefined) throw new UsageError("budgets (--vram, --gart, --memory) are for --policy");
  return { ...rest, policy: withBudgets(policy, budgets) };
}

async function generated(args: ExploreArgs, out: (text: string) => void): Promise<number> {
  const { policy, inject, maxSteps, workers = 1, shard, json, triples, coverage, width } = args;
  const progress = args.generated;
  if (policy === undefined) throw new UsageError("pairs of which calls? Give --policy");
  const how = { arity: triples === true ? 3 : 2, ...definedOf({ inject, maxSteps }) };
  return await runGenerated({ ...how, policy, workers, shard, json, coverage, width, progress }, out);
}

async function verified(args: ExploreArgs, out: (text: string) => void): Promise<number> {
  const { inject, maxSteps, workers = 1, json = false, width = 100 } = args;
  const how = {
    ...(inject === undefined ? {} : { failures: inject }),
    ...(maxSteps === undefined ? {} : { maxSteps }),
  };
  return await verifyAll(await chosen(args), { how, workers, json, width }, out);
}

async function chosen(args: ExploreArgs): Promise<Named[]> {
  if (args.bug !== undefined) return [bugNamed(args.bug)];
  if (args.policy === undefined) throw new UsageError("explore what? Give --policy, --bug or --replay");
  const { scenario, shard, pairs, triples, policy } = args;
  const generates = pairs === true || triples === true;
  const all = await (generates
    ? generatedScenariosOf(policy, triples === true ? 3 : 2)
    : scenariosOf(policy));
  const isIt = (n: Named) => n.scenario.name === scenario || n.name === scenario;
  const large = scenario === undefined ? [] : await largeScenariosOf(policy);
  const named = scenario === undefined ? all : [...all, ...large].filter(isIt);
  if (named.length === 0) {
    throw unknownName(
      `scenario of ${args.policy}`,
      scenario ?? "",
      [...all, ...large].map((n) => n.scenario.name),
    );
  }
  return named.filter((_, i) => shard === undefined || i % shard.of === shard.index - 1);
}

/**
 * With little memory a driver may refuse what a scenario begins with: that is no finding.
 *
 * @throws UsageError if it refuses all
 */
function begun(all: readonly Named[], policy = ""): { begin: Named[]; refused: ExploredJson[] } {
  if (Object.keys(parseSelector(policy).budgets).length === 0) return { begin: [...all], refused: [] };
  const begin: Named[] = [];
  const refused: ExploredJson[] = [];
  for (const named of all) {
    const why = refusedSetup(named.scenario);
    if (why === null) begin.push(named);
    else refused.push({ name: named.name, refused: why, unreached: [], counterexamples: [] });
  }
  if (begin.length === 0)
    throw new UsageError(`so little memory does not do to begin: ${refused[0]?.refused}`);
  return { begin, refused };
}

function notBegun(refused: readonly ExploredJson[]): string {
  if (refused.length === 0) return "";
  const short = refused.map(({ name }) => name.slice(name.lastIndexOf("/") + 1));
  return `\nnot begun, as so little memory does not do for the setup: ${short.join(", ")}\n`;
}

/** The fields that were given. */
function definedOf(how: { readonly [K in keyof How]: How[K] | undefined }): How {
  return Object.fromEntries(Object.entries(how).filter(([, value]) => value !== undefined));
}

function withoutTraces({ name, result, shown }: Explored): ExploredJson {
  const counterexamples = shown.map(({ perfetto: _, ...rest }) => rest);
  // How long the longest schedule is depends on which came first.
  const { findings: _, depth: __, ...counts } = result;
  return { name, ...counts, counterexamples };
}

async function replay(args: ExploreArgs, word: string, out: (text: string) => void): Promise<number> {
  const token = parseToken(word);
  if (token === null) throw new UsageError(`"${word}" is no counterexample: it looks like NAME@a4.b2.T1`);
  requireNamed(token.scenario, args.policy);
  const named = await scenarioNamed(token.scenario);
  const story = tell(without(named.scenario, token.dropped), token.schedule);
  out(formatStory(story, args.width));
  if (args.perfetto !== undefined) writeWhole(args.perfetto, storyToPerfetto(story));
  return story.violation === null ? EXIT.ok : EXIT.violated;
}
