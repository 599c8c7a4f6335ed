import { type BoOwnership, type ReferencePolicy, withOwnership } from "@gpuvm/core";
import { DRIVERS, policyNamed, subjectNamed } from "@gpuvm/drivers";
import { consequencesOf, refLoopsOf, statesOf, svgOf, verdictOf, whyText } from "@gpuvm/reference-graph";
import { type Ending, endingsOf } from "@gpuvm/study";
import { writeWhole } from "../cli/output.ts";
import { checkOutputs } from "../cli/outputs.ts";
import { say as toStderr } from "../cli/say.ts";
import { folded } from "../format/wrapped.ts";

/** The arguments of `why`. */
export interface WhyArgs {
  /** `DRIVER[:VARIANT]`; none: every driver's default. */
  readonly policy: readonly string[];
  /** Whether vm_bos count their BO; `native`: as the variant does. */
  readonly ownership: "native" | BoOwnership;
  /** What is printed. */
  readonly format: "text" | "json";
  /** Draws the graph into this file; takes one policy. */
  readonly svg: string | undefined;
  /** Columns of the terminal; default 100. */
  readonly width?: number;
}

/**
 * Prints a policy's reference loops, what breaks each, and what follows.
 *
 * @returns the exit code: 0, or 1 if a policy was asked about whose reference loop nothing breaks
 */
export async function runWhy(
  args: WhyArgs,
  print: (text: string) => void,
  say: (line: string) => void = toStderr,
): Promise<number> {
  checkOutputs([args.svg]);
  const names = args.policy.length > 0 ? args.policy : DRIVERS.map(({ name }) => name);
  const asked = names.map((name) => declared(policyNamed(name), args.ownership));
  if (args.format === "json") print(`${JSON.stringify(asked.map(answer), null, 2)}\n`);
  else {
    const texts = asked.map(
      ({ policy, words }) => `${whyText(policy, words)}${endingsText(endings(policy))}`,
    );
    const { width = 100 } = args;
    print(folded(texts.join(`\n${"-".repeat(Math.min(72, width))}\n\n`), width));
  }
  const [first] = asked;
  if (args.svg !== undefined && first !== undefined) {
    writeWhole(args.svg, await svgOf(first.policy, first.words));
    say(`${args.svg}: open it in a browser\n`);
  }
  return asked.some(({ policy }) => verdictOf(policy).can === "never") ? 1 : 0;
}

function declared(policy: ReferencePolicy, ownership: WhyArgs["ownership"]) {
  const own = policy.boOwnership;
  const boOwnership = ownership === "native" ? own : ownership;
  const words = boOwnership === own ? `${own}, its own way` : `${boOwnership} instead of ${own}`;
  return { policy: withOwnership(policy, boOwnership), words };
}

/** What a policy that runs comes to where work does not end; none for one that is declared only. */
function endings({ driver, variant, boOwnership }: ReferencePolicy): readonly Ending[] {
  const runs = DRIVERS.some(({ name, variants }) => name === driver && Object.hasOwn(variants, variant));
  return runs ? endingsOf(subjectNamed(`${driver}:${variant}`), boOwnership) : [];
}

function endingsText(all: readonly Ending[]): string {
  if (all.length === 0) return "";
  const lines = all.map(({ workload, title, says }) => `  - ${title} (study: ${workload}): ${says}.`);
  return `\nWhen the work does not end:\n${lines.join("\n")}\n`;
}

function answer({ policy }: ReturnType<typeof declared>): unknown {
  const loops = refLoopsOf(policy).map((loop) => ({
    about: loop.about,
    steps: loop.steps.map(({ node, on, edge }) => ({
      ends: node,
      after: on,
      by: edge.kind,
      span: edge.span,
      source: edge.source,
    })),
    vms: statesOf(policy, loop).map(({ purpose, certainty, events }) => ({
      purpose,
      broken: certainty,
      events: events.map((u) => ({
        id: u.event.id,
        causedBy: u.event.causedBy,
        certainty: u.certainty,
        because: u.because,
      })),
    })),
  }));
  const { can, sentence } = verdictOf(policy);
  const { driver, variant, models, boOwnership } = policy;
  return {
    policy: driver,
    variant,
    models,
    ownership: boOwnership,
    loops,
    can,
    sentence,
    otherLoops: policy.otherLoops ?? [],
    kept: policy.kept ?? [],
    follows: consequencesOf(policy),
    unended: endings(policy),
  };
}
