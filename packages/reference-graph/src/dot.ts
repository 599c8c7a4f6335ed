import type { RefEdge, ReferencePolicy, RefNode } from "@gpuvm/core";
import { loopStates, verdictOf } from "./verdict.ts";
import { eventName, purposeName } from "./words.ts";

/** What an edge says of itself in the drawing. */
const KINDS = {
  counted: { verb: "counts", style: "solid", head: "normal" },
  weak: { verb: "points to, does not count", style: "dashed", head: "vee" },
  duty: { verb: "must take away", style: "dotted", head: "diamond" },
} as const;

const RED = "#b3261e";
const GREEN = "#2e6b34";

/** A policy's reference graph for Graphviz: loops in red, what breaks them in green boxes, the verdict below. */
export function dotOf(policy: ReferencePolicy, ownership: string): string {
  const states = loopStates(policy);
  const unbroken = new Set<RefEdge>();
  for (const { loop, state } of states) {
    if (state.certainty !== "certain") for (const { edge } of loop.steps) unbroken.add(edge);
  }
  const looped = new Set<RefEdge>(states.flatMap(({ loop }) => loop.steps.map(({ edge }) => edge)));
  const nodes = [...new Set<RefNode>(policy.edges.flatMap(({ from, to }) => [from, to]))];
  return [
    "digraph references {",
    `  graph [rankdir=LR, fontname="Helvetica", fontsize=14, labelloc=b, labeljust=l, nodesep=0.5, ranksep=1.1, label=${text(caption(policy, ownership))}];`,
    '  node [shape=ellipse, fontname="Helvetica", fontsize=13, style=filled, fillcolor="#f4f4f4"];',
    '  edge [fontname="Helvetica", fontsize=10];',
    ...nodes.map(
      (node) =>
        `  ${text(node)}${node === "BO" || node === "VA" ? ' [penwidth=2, fillcolor="#fff6d6"]' : ""};`,
    ),
    ...policy.edges.map((edge) => `  ${drawn(edge, unbroken.has(edge), looped.has(edge))}`),
    ...policy.teardown.map((_, i) => `  ${breaker(policy, i)}`),
    "}",
    "",
  ].join("\n");
}

function drawn(edge: RefEdge, unbroken: boolean, looped: boolean): string {
  const { verb, style, head } = KINDS[edge.kind];
  const colour = unbroken ? RED : looped ? "#8a5a00" : "#555555";
  const mark = unbroken ? "loop: " : looped ? "loop that is broken: " : "";
  const label = `${mark}${verb}\n${edge.span}`;
  const width = looped ? 2.2 : 1;
  return `${text(edge.from)} -> ${text(edge.to)} [label=${text(label)}, style=${style}, arrowhead=${head}, color=${text(colour)}, fontcolor=${text(colour)}, penwidth=${width}];`;
}

function breaker(policy: ReferencePolicy, index: number): string {
  const event = policy.teardown[index];
  if (event === undefined) return "";
  const mine = loopStates(policy).flatMap(({ state }) => state.events.filter((u) => u.event === event));
  const never = mine.length > 0 && mine.every((u) => u.certainty === "never");
  const colour = never ? RED : GREEN;
  const where = event.vms === undefined ? "" : `\nin ${event.vms.map(purposeName).join(", ")}`;
  const some = mine.find((u) => u.certainty === "never");
  const but = never || some === undefined ? "" : `\nnot in every loop: ${some.because}`;
  const who = never
    ? "never comes: it waits for what it would tear down"
    : `caused by ${event.causedBy}${but}`;
  const label = `${eventName(event.id)}${where}\n${who}`;
  const id = `event ${index}`;
  return [
    `${text(id)} [shape=box, label=${text(label)}, color=${text(colour)}, fontcolor=${text(colour)}, fillcolor="#ffffff", fontsize=11];`,
    `${text(id)} -> "VA" [label="takes away", color=${text(colour)}, fontcolor=${text(colour)}, style=${never ? "dotted" : "bold"}];`,
  ].join(" ");
}

function caption(policy: ReferencePolicy, ownership: string): string {
  const { sentence } = verdictOf(policy);
  return `${LEGEND}\n${wrap(`${policy.driver}:${policy.variant}, ${ownership}; models ${policy.models}`)}\n${wrap(`${policy.driver}:${policy.variant} ${sentence}`)}`;
}

/** What the looks of the drawing mean. */
const LEGEND =
  "Ellipses: kinds of objects. Solid: a counted reference; dashed: a pointer; dotted: a duty to take away.\nThick: part of a reference loop, red where nothing is sure to break it. Boxes: what tears a mapping down.";

function wrap(line: string): string {
  return line.replaceAll(/(.{70,110}?)\s/g, "$1\n");
}

/** A quoted string; line ends left-justified in captions, centred elsewhere. */
function text(value: string): string {
  const quoted = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return `"${quoted}"`;
}
