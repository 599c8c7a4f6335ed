import type { KeptRule, ReferencePolicy } from "@gpuvm/core";
import { consequencesOf } from "./consequences.ts";
import { type RefLoop, type RefLoopStep, refLoopsOf, stepsOf } from "./reference-loop.ts";
import { verdictOf } from "./verdict.ts";
import { type Breaker, exceptionsOf, type LoopState, statesOf } from "./what-breaks-it.ts";
import { endOf, eventPhrase, purposeName } from "./words.ts";

/** What `why` prints of a policy: its reference loops, what breaks each, what follows. */
export function whyText(policy: ReferencePolicy, ownership: string): string {
  const lines = [`${policy.driver}:${policy.variant}, ${ownership}`, `models ${policy.models}`, ""];
  const loops = refLoopsOf(policy);
  if (loops.length === 0) {
    lines.push("No reference loop: no mapping waits, by counts and duties, for what waits for it.", "");
    lines.push(...ends(policy), "");
  }
  loops.forEach((loop, i) => {
    lines.push(`Reference loop ${i + 1} of ${loops.length}: ${title(loop)}`);
    lines.push(...loop.steps.map(step), "    ... which is where it began.", "");
    for (const state of statesOf(policy, loop)) lines.push(...brokenBy(state));
    lines.push("");
  });
  lines.push(...others(policy));
  lines.push(`${policy.driver}:${policy.variant} ${verdictOf(policy).sentence}`);
  const more = consequencesOf(policy);
  if (more.length > 0) lines.push("", "What follows:", ...more.map((line) => `  - ${line}`));
  if (policy.kept !== undefined) lines.push("", ...keptRules(policy.kept));
  return `${lines.join("\n")}\n`;
}

/** Reference loops without mappings. */
function others(policy: ReferencePolicy): string[] {
  return (policy.otherLoops ?? []).flatMap(({ nodes, brokenBy }) => [
    `A reference loop without mappings: the ${nodes[0]} waits for itself (${nodes.length} steps)`,
    ...stepsOf(policy, nodes).map(step),
    "    ... which is where it began.",
    "",
    "  Broken by",
    ...brokenBy.map(({ what, causedBy, waitsFor, source }) => {
      const waits = waitsFor === null ? "" : `; waits for ${waitsFor}`;
      return `      ${what} (${causedBy}${waits})  [${source}]`;
    }),
    "",
  ]);
}

/** What the language or a library keeps, beside what other drivers do by hand. */
function keptRules(kept: readonly KeptRule[]): string[] {
  return [
    "What its types and its library fix, and what the others do by hand:",
    ...kept.flatMap(({ rule, keptBy, byHand, source }) => [
      `  - ${rule}`,
      `      here: ${keptBy}  [${source}]`,
      `      by hand: ${byHand}`,
    ]),
  ];
}

function title({ about, steps }: RefLoop): string {
  return about === "object"
    ? `the object waits for its own mapping (${steps.length} steps)`
    : `the VM waits for mappings that only its end takes away (${steps.length} steps)`;
}

function step({ node, on, edge }: RefLoopStep, i: number): string {
  const why =
    edge.kind === "counted"
      ? `${on} holds it, ${edge.span}`
      : `it is torn down by the end of the ${on}, ${edge.span}`;
  return `    ${i === 0 ? "" : "<- "}${endOf(node)}: ${why}  [${edge.source}]`;
}

function brokenBy(state: LoopState): string[] {
  const { purpose, certainty, events } = state;
  const head = `  In ${purposeName(purpose)}: `;
  if (certainty === "never") {
    const why = events.map((u) => `      not ${line(u)}`);
    return [`${head}NOTHING BREAKS IT`, ...why];
  }
  const verdict = certainty === "certain" ? "broken by" : "broken only if the program asks, by";
  return [
    `${head}${verdict}`,
    ...events.map((u) => `      ${u.certainty === "never" ? "not " : ""}${line(u)}`),
    ...exceptionsOf(state).map((what) => `      AND NOTHING BREAKS IT for ${what}`),
  ];
}

function line({ event, because }: Breaker): string {
  const tail = because === "" ? `: ${event.tearsDown}` : `: ${because}`;
  return `${eventPhrase(event)}${tail}  [${event.source}]`;
}

/** Where there is no reference loop: how a mapping ends. */
function ends(policy: ReferencePolicy): string[] {
  return statesOf(policy, { about: "object", steps: [] }).flatMap((state) => {
    const events = state.events.map((u) => `      ${line(u)}`);
    return [
      `  In ${purposeName(state.purpose)} a mapping ends by`,
      ...(events.length > 0 ? events : ["      nothing"]),
    ];
  });
}
