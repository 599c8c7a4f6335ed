import { MessageChannel } from "node:worker_threads";
import {
  type Choice,
  formatStory,
  formatToken,
  neverReached,
  reached,
  shrinkSchedule,
  tell,
} from "@gpuvm/explorer";
import { count } from "@gpuvm/results/units";
import { type GeneratedHow, type GeneratedResult, joinGenerated } from "@gpuvm/scenarios";
import { folded } from "../format/wrapped.ts";
import { isOutside } from "../inputs/outside-policy.ts";
import type { Shard } from "../run/plan.ts";
import { exploredText, verdictOfGenerated } from "./explored-part.ts";
import { InPlacePool } from "./in-place-pool.ts";
import { scenarioNamed } from "./resolve.ts";
import type { GeneratedProgress } from "./worker.ts";

/** What is asked for. */
export interface GeneratedArgs extends Omit<GeneratedHow, "part"> {
  readonly policy: string;
  readonly workers: number;
  readonly shard?: Shard | undefined;
  readonly json?: boolean | undefined;
  /** Says what was never reached, too. */
  readonly coverage?: boolean | undefined;
  /** Columns of the terminal; default 100. */
  readonly width?: number | undefined;
  /** Told now and then how many scenarios are done, of how many. */
  readonly progress?: ((done: number, of: number) => void) | undefined;
}

/**
 * Explores every pair or triple of a policy's calls.
 *
 * @returns 0; 1 if something was found, or nothing was raced, or no call came to its end
 */
export async function runGenerated(args: GeneratedArgs, out: (text: string) => void): Promise<number> {
  const { policy, workers, shard, json, coverage: _, width: __, progress: ___, ...how } = args;
  const pool = await InPlacePool.start(workers, isOutside(policy));
  let result: GeneratedResult;
  try {
    const soFar = new Map<number, GeneratedProgress>();
    const parts = Array.from({ length: workers }, async (_, w) => {
      const of = workers * (shard?.of ?? 1);
      const first = w * (shard?.of ?? 1) + (shard?.index ?? 1) - 1;
      const { port1, port2 } = new MessageChannel();
      port1.on("message", (progress: GeneratedProgress) => {
        soFar.set(w, progress);
        const sum = (key: keyof GeneratedProgress) =>
          [...soFar.values()].reduce((n, part) => n + part[key], 0);
        args.progress?.(sum("done"), sum("of"));
      });
      const job = { kind: "generated", selector: policy, how: { ...how, part: { first, of } } } as const;
      const part = await pool.run({ ...job, port: port2 });
      port1.close();
      return part;
    });
    result = joinGenerated(await Promise.all(parts));
  } finally {
    await pool.end();
  }
  out(json === true ? exploredText(result, { policy, ...how }, shard) : await text(policy, args, result));
  return verdictOfGenerated(result);
}

async function text(policy: string, args: GeneratedArgs, result: GeneratedResult): Promise<string> {
  const { width = 100 } = args;
  const { scenarios, refused, idle, stopped, states, transitions, covered, allowed, causes } = result;
  const lines = [
    `${policy}: ${scenarios} scenarios of ${args.arity} calls, ${states} states, ${transitions} transitions`,
    ...reached(covered),
  ];
  if (idle > 0)
    lines.push(`${idle} were left out: the driver refuses each of their calls when it is made alone`);
  if (refused > 0) lines.push(`${refused} setups were refused by the driver`);
  for (const [what, n] of Object.entries(allowed)) lines.push(`allowed: ${what}: in ${n} scenarios`);
  for (const name of stopped) lines.push(`STOPPED before its end: ${name}`);
  if (covered.raced.length === 0) lines.push("nothing was raced: the policy reaches nothing");
  if (args.coverage === true) lines.push("", ...neverReached(covered));
  for (const { key, scenarios: shown, scenario, schedule } of causes) {
    const { scenario: run } = await scenarioNamed(scenario);
    const shrunk = shrinkSchedule(run, schedule as Choice[], key);
    const token = formatToken({ scenario, dropped: shrunk.dropped, schedule: shrunk.schedule });
    lines.push("", `in ${shown} scenarios, first in ${scenario}`, "");
    const told = tell(shrunk.scenario, shrunk.schedule);
    // What never ends is told up to there.
    const [kind = "", ...message] = key.split(": ");
    const violation = told.violation ?? { kind, message: message.join(": ") };
    lines.push(
      formatStory({ ...told, violation }, width),
      `replay: ${token}${isOutside(policy) ? `  (with --policy ${policy})` : ""}`,
    );
  }
  lines.push("", sentence(result));
  return folded(`${lines.join("\n")}\n`, width);
}

function sentence({ causes, scenarios, stopped }: GeneratedResult): string {
  const all =
    stopped.length === 0 ? "every schedule was gone through" : "not every schedule was gone through";
  if (causes.length === 0) return `Nothing was found in ${count(scenarios)} scenarios; ${all}.`;
  const things = causes.length === 1 ? "One thing was" : `${count(causes.length)} things were`;
  return `${things} found in ${count(scenarios)} scenarios; ${all}.`;
}
