import { Graph, layout } from "@dagrejs/dagre";
import type { HolderEdge, HolderGraph, HolderNode } from "./snapshot.ts";

/** A node with its place. */
export interface PlacedNode extends HolderNode {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** An edge with the way it takes. */
export interface PlacedEdge extends HolderEdge {
  /** An SVG path. */
  readonly path: string;
  /** Where its count is written. */
  readonly x: number;
  readonly y: number;
}

/** A graph to be drawn. */
export interface Placed {
  readonly nodes: readonly PlacedNode[];
  readonly edges: readonly PlacedEdge[];
  readonly width: number;
  readonly height: number;
}

const HEIGHT = 34;

/** Places holders left of what they hold. */
export function place({ nodes, edges }: HolderGraph): Placed {
  const graph = new Graph();
  graph.setGraph({ rankdir: "LR", nodesep: 18, ranksep: 54, marginx: 8, marginy: 8 });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const node of nodes) graph.setNode(node.id, { width: 22 + node.label.length * 7.6, height: HEIGHT });
  for (const { from, to } of edges) graph.setEdge(from, to, {});
  layout(graph);
  const size = graph.graph();
  return {
    width: Math.max(320, size.width ?? 0),
    height: Math.max(60, size.height ?? 0),
    nodes: nodes.map((node) => {
      const { x, y, width } = graph.node(node.id) as { x: number; y: number; width: number };
      return { ...node, x, y, width, height: HEIGHT };
    }),
    edges: edges.map((edge) => {
      const { points } = graph.edge(edge.from, edge.to) as { points: { x: number; y: number }[] };
      const middle = points[Math.floor(points.length / 2)] ?? { x: 0, y: 0 };
      return { ...edge, path: curve(points), ...middle };
    }),
  };
}

function curve(points: readonly { x: number; y: number }[]): string {
  const [first, ...rest] = points;
  if (first === undefined) return "";
  const parts = [`M${first.x},${first.y}`];
  rest.forEach((point, i) => {
    const next = rest[i + 1];
    if (next === undefined) parts.push(`L${point.x},${point.y}`);
    else parts.push(`Q${point.x},${point.y} ${(point.x + next.x) / 2},${(point.y + next.y) / 2}`);
  });
  return parts.join(" ");
}
