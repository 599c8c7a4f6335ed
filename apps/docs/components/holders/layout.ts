import { Graph, layout } from "@dagrejs/dagre";

/** What can be placed: a node with what is written on it, a line each. */
export interface Box {
  readonly id: string;
  readonly lines: readonly string[];
  /** It is drawn only where there is room. */
  readonly wide?: boolean;
}

/** What joins two nodes; `label` is written beside it. */
export interface Arrow {
  readonly from: string;
  readonly to: string;
  readonly label?: string;
}

/** A node with its place. */
export type Placed<N extends Box> = N & {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
};

/** An edge with the way it takes (an SVG path), and where its label is written. */
export type Drawn<E extends Arrow> = E & { readonly path: string; readonly x: number; readonly y: number };

/** A graph to be drawn. */
export interface Picture<N extends Box, E extends Arrow> {
  readonly nodes: readonly Placed<N>[];
  readonly edges: readonly Drawn<E>[];
  /** The `viewBox` of all of it. */
  readonly box: string;
  readonly width: number;
}

interface Point {
  readonly x: number;
  readonly y: number;
}

const LINE = 17;
const LETTER = 7.6;
const SMALL = 6.4;

/** Places holders left of what they hold, or, on a phone, above it. */
export function place<N extends Box, E extends Arrow>(
  all: { readonly nodes: readonly N[]; readonly edges: readonly E[] },
  direction: "right" | "down",
): Picture<N, E> {
  const { nodes, edges } = direction === "down" ? withoutWide(all) : all;
  const graph = new Graph();
  const down = direction === "down";
  graph.setGraph({
    rankdir: down ? "TB" : "LR",
    nodesep: down ? 12 : 18,
    ranksep: down ? 30 : 54,
    marginx: 8,
    marginy: 8,
  });
  graph.setDefaultEdgeLabel(() => ({}));
  for (const { id, lines } of nodes) {
    const longest = Math.max(...lines.map((line, i) => line.length * (i === 0 ? LETTER : SMALL)));
    graph.setNode(id, { width: 22 + longest, height: 17 + lines.length * LINE });
  }
  for (const { from, to, label = "" } of edges) {
    const size = label === "" ? {} : { width: label.length * SMALL, height: LINE, labelpos: "c" };
    graph.setEdge(from, to, size);
  }
  layout(graph);
  const size = graph.graph();
  // Arrows may go around what is farthest out.
  const points = edges.flatMap(({ from, to }) => graph.edge(from, to).points as Point[]);
  const [left, top] = [
    Math.min(0, ...points.map(({ x }) => x - 4)),
    Math.min(0, ...points.map(({ y }) => y - 4)),
  ];
  const right = Math.max(down ? 280 : 320, size.width ?? 0, ...points.map(({ x }) => x + 4));
  const bottom = Math.max(60, size.height ?? 0, ...points.map(({ y }) => y + 4));
  return {
    box: [left, top, right - left, bottom - top].map(Math.ceil).join(" "),
    width: Math.ceil(right - left),
    nodes: nodes.map((node) => ({ ...node, ...graph.node(node.id) }) as Placed<N>),
    edges: edges.map((edge) => {
      const { points, x, y } = graph.edge(edge.from, edge.to) as {
        points: Point[];
        x?: number;
        y?: number;
      };
      const middle = points[Math.floor(points.length / 2)] ?? { x: 0, y: 0 };
      return { ...edge, path: curve(points), x: x ?? middle.x, y: y ?? middle.y };
    }),
  };
}

function withoutWide<N extends Box, E extends Arrow>(all: {
  readonly nodes: readonly N[];
  readonly edges: readonly E[];
}): { readonly nodes: readonly N[]; readonly edges: readonly E[] } {
  const nodes = all.nodes.filter(({ wide }) => wide !== true);
  const ids = new Set(nodes.map(({ id }) => id));
  return { nodes, edges: all.edges.filter(({ from, to }) => ids.has(from) && ids.has(to)) };
}

function curve(points: readonly Point[]): string {
  const [first, ...rest] = points.map(({ x, y }) => ({ x: round(x), y: round(y) }));
  if (first === undefined) return "";
  const parts = [`M${first.x},${first.y}`];
  rest.forEach((point, i) => {
    const next = rest[i + 1];
    if (next === undefined) parts.push(`L${point.x},${point.y}`);
    else
      parts.push(`Q${point.x},${point.y} ${round((point.x + next.x) / 2)},${round((point.y + next.y) / 2)}`);
  });
  return parts.join(" ");
}

function round(n: number): number {
  return Math.round(n * 10) / 10;
}
