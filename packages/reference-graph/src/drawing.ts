import type { RefEdge, ReferencePolicy, RefKind, RefNode, TeardownEvent } from "@gpuvm/core";
import { loopStates } from "./verdict.ts";
import { eventName, purposeName } from "./words.ts";

/** A kind of object, or an event that tears mappings down. */
export interface DrawnNode {
  /** `BO`, or `event 0`. */
  readonly id: string;
  readonly shape: "object" | "event";
  /** What is written on it, a line each. */
  readonly lines: readonly string[];
  /** `never`: an event that waits for what it would tear down. */
  readonly tone: "plain" | "breaks" | "never";
}

/** An edge of the reference graph, or an event's arrow to the mapping that it takes away. */
export interface DrawnEdge {
  readonly from: string;
  readonly to: string;
  readonly kind: RefKind | "takes away";
  /** What it says of itself, a line each. */
  readonly lines: readonly string[];
  /** `unbroken`, `broken`: part of a reference loop that nothing is sure to break, or of one that is broken. */
  readonly tone: "plain" | "broken" | "unbroken" | "breaks" | "never";
}

/** A policy's reference graph as it is drawn: loops, what breaks them, and what else holds. */
export interface Drawing {
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

/** What an edge says of itself. */
const VERBS: Readonly<Record<RefKind, string>> = {
  counted: "counts",
  weak: "points to, does not count",
  duty: "must take away",
};

/** The chain of a mapping, which is drawn where there is no loop, too. */
const CHAIN: ReadonlySet<string> = new Set<RefNode>(["BO", "vm_bo", "VA", "VM"]);

/** All of a policy's reference graph. */
export function drawingOf(policy: ReferencePolicy): Drawing {
  const states = loopStates(policy);
  const unbroken = new Set<RefEdge>();
  for (const { loop, state } of states) {
    if (state.certainty !== "certain") for (const { edge } of loop.steps) unbroken.add(edge);
  }
  const looped = new Set<RefEdge>(states.flatMap(({ loop }) => loop.steps.map(({ edge }) => edge)));
  const objects = [...new Set<RefNode>(policy.edges.flatMap(({ from, to }) => [from, to]))];
  const events = policy.teardown.map((event, i) => ({ id: `event ${i}`, ...wordsOf(policy, event) }));
  return {
    nodes: [
      ...objects.map((id) => ({ id, shape: "object", lines: [id], tone: "plain" }) as const),
      ...events.map(({ id, lines, tone }) => ({ id, shape: "event", lines, tone }) as const),
    ],
    edges: [
      ...policy.edges.map((edge): DrawnEdge => {
        const tone = unbroken.has(edge) ? "unbroken" : looped.has(edge) ? "broken" : "plain";
        return { from: edge.from, to: edge.to, kind: edge.kind, lines: [VERBS[edge.kind], edge.span], tone };
      }),
      ...events.map(({ id, tone }) => ({ from: id, to: "VA", kind: "takes away", lines: [], tone }) as const),
    ],
  };
}

/** Of a drawing, the chain of a mapping, the reference loops and what breaks them: without who else holds. */
export function loopsOnly({ nodes, edges }: Drawing): Drawing {
  const looped = new Set(
    edges
      .filter(({ tone }) => tone === "broken" || tone === "unbroken")
      .flatMap(({ from, to }) => [from, to]),
  );
  const kept = nodes.filter(({ id, shape }) => shape === "event" || looped.has(id) || CHAIN.has(id));
  const ids = new Set(kept.map(({ id }) => id));
  return { nodes: kept, edges: edges.filter(({ from, to }) => ids.has(from) && ids.has(to)) };
}

function wordsOf(
  policy: ReferencePolicy,
  event: TeardownEvent,
): { readonly lines: readonly string[]; readonly tone: "breaks" | "never" } {
  const mine = loopStates(policy).flatMap(({ state }) => state.events.filter((u) => u.event === event));
  const never = mine.length > 0 && mine.every((u) => u.certainty === "never");
  const where = event.vms === undefined ? [] : [`in ${event.vms.map(purposeName).join(", ")}`];
  const some = mine.find((u) => u.certainty === "never");
  const but = never || some === undefined ? [] : [`not in every loop: ${some.because}`];
  const who = never ? "never comes: it waits for what it would tear down" : `caused by ${event.causedBy}`;
  return { lines: [eventName(event.id), ...where, who, ...but], tone: never ? "never" : "breaks" };
}
