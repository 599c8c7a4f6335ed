import type { MessagePort } from "node:worker_threads";
import type { Common, Part, Progress, SearchResult, VerifiedScenario, VerifyHow } from "@gpuvm/explorer";
import type { BugResult, GeneratedHow, GeneratedResult, How, RuleResult } from "@gpuvm/scenarios";

/** What a worker is asked for, by names: scenarios are functions, and cannot be sent. */
export type Job =
  | { readonly kind: "search"; readonly name: string; readonly how: How; readonly port: MessagePort }
  | {
      readonly kind: "part";
      readonly name: string;
      readonly how: How;
      readonly common: Common;
      readonly first: boolean;
      readonly port: MessagePort;
    }
  | {
      readonly kind: "conclude";
      readonly name: string;
      readonly how: How;
      readonly common: Common;
      readonly parts: readonly Part[];
      readonly port: MessagePort;
    }
  | { readonly kind: "verify"; readonly name: string; readonly how: VerifyHow }
  | { readonly kind: "bug"; readonly id: string }
  | { readonly kind: "rule"; readonly id: string }
  | {
      readonly kind: "generated";
      readonly selector: string;
      readonly how: GeneratedHow;
      readonly port: MessagePort;
    };

/** How far a part of the generated scenarios is. */
export interface GeneratedProgress {
  readonly done: number;
  readonly of: number;
}

/** What comes back for each kind of job. */
export interface Answers {
  readonly search: SearchResult;
  readonly part: Part;
  readonly conclude: SearchResult | null;
  readonly verify: VerifiedScenario;
  readonly bug: BugResult;
  readonly rule: RuleResult;
  readonly generated: GeneratedResult;
}

/** A job, and whether modules are to be transformed as they are loaded: sources, and policies from outside. */
export type Order = Job & { readonly transforms: boolean };

/**
 * Runs in a worker thread, on the explorer's copies of core, model and policies. It imports nothing before it is known how.
 *
 * @public the pool calls it
 */
export default async function work(order: Order): Promise<Answers[Job["kind"]]> {
  if (order.transforms) await import("@gpuvm/explorer/register");
  const { BUGS, checkBug, concludeParts, RULES, searchOne, searchPartOf } = await import("@gpuvm/scenarios");
  if (order.kind === "bug") return checkBug(BUGS.find(({ id }) => id === order.id) as (typeof BUGS)[number]);
  if (order.kind === "rule") return (RULES.find(({ id }) => id === order.id) as (typeof RULES)[number]).run();
  const { generatedScenariosOf, scenarioNamed } = await import("./resolve.ts");
  if (order.kind === "generated") {
    const { exploreGenerated } = await import("@gpuvm/scenarios");
    const all = await generatedScenariosOf(order.selector, order.how.arity);
    try {
      return exploreGenerated(all, order.how, (done, of) => {
        order.port.postMessage({ done, of } satisfies GeneratedProgress);
      });
    } finally {
      order.port.close();
    }
  }
  if (order.kind === "verify") {
    const { verify } = await import("@gpuvm/explorer");
    const { scenario, failures } = await scenarioNamed(order.name);
    return verify(scenario, { failures, ...order.how });
  }
  const progress = (p: Progress) => order.port.postMessage(p);
  try {
    const named = await scenarioNamed(order.name);
    const { how } = order;
    if (order.kind === "search") return searchOne(named, how, progress);
    if (order.kind === "part") return searchPartOf(named, how, order.common, order.first, progress);
    return concludeParts(named, how, order.common, order.parts, progress);
  } finally {
    order.port.close();
  }
}
