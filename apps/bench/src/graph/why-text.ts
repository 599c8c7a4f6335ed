import type { ReferencePolicy } from "@gpuvm/core";
import { consequencesOf } from "./consequences.ts";
import { type Knot, type KnotStep, knotsOf } from "./knot.ts";
import { type KnotState, statesOf, type Untying } from "./untying.ts";
import { verdictOf } from "./verdict.ts";
import { endOf, eventPhrase, purposeName } from "./words.ts";

/** What `why` prints of a policy: its knots, what unties each, what follows. */
export function whyText(policy: ReferencePolicy, ownership: string): string {
  const lines = [`${policy.driver}:${policy.variant}, ${ownership}`, `models ${policy.models}`, ""];
  const knots = knotsOf(policy);
  if (knots.length === 0) {
    lines.push("No knot: no mapping waits, by counts and duties, for what waits for it.", "");
    lines.push(...ends(policy), "");
  }
  knots.forEach((knot, i) => {
    lines.push(`Knot ${i + 1} of ${knots.length}: ${title(knot)}`);
    lines.push(...knot.steps.map(step), "    ... which is where it began.", "");
    for (const state of statesOf(policy, knot)) lines.push(...untied(state));
    lines.push("");
  });
  lines.push(`${policy.driver}:${policy.variant} ${verdictOf(policy).sentence}`);
  const more = consequencesOf(policy);
  if (more.length > 0) lines.push("", "What follows:", ...more.map((line) => `  - ${line}`));
  return `${lines.join("\n")}\n`;
}

function title({ about, steps }: Knot): string {
  return about === "object"
    ? `the object waits for its own mapping (${steps.length} steps)`
    : `the VM waits for mappings that only its end takes away (${steps.length} steps)`;
}

function step({ node, on, edge }: KnotStep, i: number): string {
  const why =
    edge.kind === "counted"
      ? `${on} holds it, ${edge.span}`
      : `it is torn down by the end of the ${on}, ${edge.span}`;
  return `    ${i === 0 ? "" : "<- "}${endOf(node)}: ${why}  [${edge.source}]`;
}

function untied({ purpose, certainty, events }: KnotState): string[] {
  const head = `  In ${purposeName(purpose)}: `;
  if (certainty === "never") {
    const why = events.map((u) => `      not ${line(u)}`);
    return [`${head}NO EVENT UNTIES IT`, ...why];
  }
  const verdict = certainty === "certain" ? "untied by" : "untied only if the program asks, by";
  return [
    `${head}${verdict}`,
    ...events.map((u) => `      ${u.certainty === "never" ? "not " : ""}${line(u)}`),
  ];
}

function line({ event, because }: Untying): string {
  const tail = because === "" ? `: ${event.unties}` : `: ${because}`;
  return `${eventPhrase(event)}${tail}  [${event.source}]`;
}

/** Where there is no knot: how a mapping ends. */
function ends(policy: ReferencePolicy): string[] {
  return statesOf(policy, { about: "object", steps: [] }).flatMap((state) => {
    const events = state.events.map((u) => `      ${line(u)}`);
    return [
      `  In ${purposeName(state.purpose)} a mapping ends by`,
      ...(events.length > 0 ? events : ["      nothing"]),
    ];
  });
}
