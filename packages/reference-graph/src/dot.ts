import type { ReferencePolicy, RefKind } from "@gpuvm/core";
import { type DrawnEdge, type DrawnNode, drawingOf } from "./drawing.ts";
import { verdictOf } from "./verdict.ts";

/** How an edge is drawn. */
const STYLES = {
  counted: { style: "solid", head: "normal" },
  weak: { style: "dashed", head: "vee" },
  duty: { style: "dotted", head: "diamond" },
} as const;

const RED = "#b3261e";
const GREEN = "#2e6b34";
const COLOURS = { plain: "#555555", broken: "#8a5a00", unbroken: RED, breaks: GREEN, never: RED } as const;
const MARKS = {
  plain: "",
  broken: "loop that is broken: ",
  unbroken: "loop: ",
  breaks: "",
  never: "",
} as const;

/** A policy's reference graph for Graphviz: loops in red, what breaks them in green boxes, title, verdict and legend above. */
export function dotOf(policy: ReferencePolicy, ownership: string): string {
  const { nodes, edges } = drawingOf(policy);
  const [objects, events] = [false, true].map((is) =>
    nodes.filter(({ shape }) => (shape === "event") === is),
  );
  return [
    "digraph references {",
    `  graph [rankdir=LR, fontname="Helvetica", labelloc=t, labeljust=l, nodesep=0.4, ranksep=0.6, label=<${caption(policy, ownership)}>];`,
    '  node [shape=ellipse, fontname="Helvetica", fontsize=16, style=filled, fillcolor="#f4f4f4"];',
    '  edge [fontname="Helvetica", fontsize=12];',
    ...(objects ?? []).map(
      ({ id }) => `  ${text(id)}${id === "BO" || id === "VA" ? ' [penwidth=2, fillcolor="#fff6d6"]' : ""};`,
    ),
    ...edges.flatMap((edge) => (edge.kind === "takes away" ? [] : [`  ${drawn(edge, edge.kind)}`])),
    ...(events ?? []).map((event) => `  ${breaker(event)}`),
    "}",
    "",
  ].join("\n");
}

function drawn({ from, to, lines, tone }: DrawnEdge, kind: RefKind): string {
  const { style, head } = STYLES[kind];
  const colour = COLOURS[tone];
  const label = [`${MARKS[tone]}${lines[0] ?? ""}`, ...lines.slice(1)]
    .map((line) => wrap(line, 22))
    .join("\n");
  const width = tone === "plain" ? 1 : 2.2;
  return `${text(from)} -> ${text(to)} [label=${text(label)}, style=${style}, arrowhead=${head}, color=${text(colour)}, fontcolor=${text(colour)}, penwidth=${width}];`;
}

function breaker({ id, lines, tone }: DrawnNode): string {
  const colour = text(COLOURS[tone]);
  return [
    `${text(id)} [shape=box, label=${text(lines.map((line) => wrap(line, 32)).join("\n"))}, color=${colour}, fontcolor=${colour}, fillcolor="#ffffff", fontsize=13];`,
    `${text(id)} -> "VA" [label="takes away", color=${colour}, fontcolor=${colour}, style=${tone === "never" ? "dotted" : "bold"}];`,
  ].join(" ");
}

/** Title, verdict and legend, as Graphviz reads them: lines of their own sizes, to the left. */
function caption(policy: ReferencePolicy, ownership: string): string {
  const name = `${policy.driver}:${policy.variant}`;
  const lines: readonly (readonly [text: string, size: number])[] = [
    [`Who holds whom: ${name}, ${ownership}; models ${policy.models}`, 24],
    ...wrap(`${name} ${verdictOf(policy).sentence}`, 110)
      .split("\n")
      .map((line) => [line, 17] as const),
    ...LEGEND.map((line) => [line, 15] as const),
  ];
  const shown = lines.map(
    ([line, size]) => `<font point-size="${size}">${escaped(line)}</font><br align="left"/>`,
  );
  return shown.join("");
}

/** What the looks of the drawing mean. */
const LEGEND = [
  "Ellipses: kinds of objects. Solid: a counted reference; dashed: a pointer; dotted: a duty to take away.",
  "Thick: part of a reference loop, red where nothing is sure to break it. Boxes: what tears a mapping down.",
] as const;

/** Lines of about so many characters. */
function wrap(line: string, about: number): string {
  return line.replaceAll(new RegExp(`(.{${about},}?)\\s`, "g"), "$1\n");
}

function escaped(line: string): string {
  return line.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

/** A quoted string. */
function text(value: string): string {
  const quoted = value.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
  return `"${quoted}"`;
}
