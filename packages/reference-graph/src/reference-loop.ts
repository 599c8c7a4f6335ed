import type { RefEdge, ReferencePolicy, RefNode } from "@gpuvm/core";

/** One step around a loop: `node` ends only after `on` ended, because of `edge`. */
export interface RefLoopStep {
  /** What waits. */
  readonly node: RefNode;
  /** For what. */
  readonly on: RefNode;
  /** Why: a counted reference, or a duty to tear down. */
  readonly edge: RefEdge;
}

/**
 * A cycle of obligations: each of its objects ends only after the next one did. Reference counts alone never break it;
 * an event from outside must.
 */
export interface RefLoop {
  /** `object`: the BO waits for its own mapping. `vm`: the VM waits for what only its end takes away. */
  readonly about: "object" | "vm";
  /** Around it once, beginning with the BO or the VM. */
  readonly steps: readonly RefLoopStep[];
}

/** Every obligation of a policy: the target of a counted reference, or of a duty, ends after its source. */
export function obligations(policy: ReferencePolicy): RefLoopStep[] {
  return policy.edges
    .filter(({ kind, from, to }) => kind !== "weak" && from !== to)
    .map((edge) => ({ node: edge.to, on: edge.from, edge }));
}

/**
 * The steps around a declared loop.
 *
 * @throws RangeError if two of its nodes that follow each other are joined by no obligation
 */
export function stepsOf(policy: ReferencePolicy, nodes: readonly RefNode[]): RefLoopStep[] {
  const all = obligations(policy);
  return nodes.map((node, i) => {
    const on = nodes[(i + 1) % nodes.length];
    const step = all.find((one) => one.node === node && one.on === on);
    if (step === undefined)
      throw new RangeError(
        `${policy.driver}:${policy.variant} declares nothing by which ${node} waits for ${on}`,
      );
    return step;
  });
}

/** Every reference loop that a mapping is part of, the shortest first. */
export function refLoopsOf(policy: ReferencePolicy): RefLoop[] {
  const all = obligations(policy);
  const found: RefLoop[] = [];
  const walk = (path: readonly RefLoopStep[]) => {
    const at = path.at(-1)?.on ?? "VA";
    for (const step of all) {
      if (step.node !== at) continue;
      if (step.on === "VA") found.push(loop([...path, step]));
      else if (!path.some(({ node }) => node === step.on)) walk([...path, step]);
    }
  };
  walk([]);
  return found
    .filter((k) => !found.some((other) => other !== k && roundabout(k, other)))
    .sort((a, b) => rank(a) - rank(b));
}

/** The VM waits for its mappings twice, directly and through vm_bos: once is enough to see it. */
function roundabout(longer: RefLoop, shorter: RefLoop): boolean {
  if (longer.about !== "vm" || shorter.about !== "vm" || shorter.steps.length >= longer.steps.length)
    return false;
  return shorter.steps.every(({ node }) => longer.steps.some((s) => s.node === node));
}

function rank({ about, steps }: RefLoop): number {
  return (about === "object" ? 0 : 100) + steps.length;
}

function loop(steps: readonly RefLoopStep[]): RefLoop {
  const about = steps.some(({ node }) => node === "BO") ? "object" : "vm";
  const first = steps.findIndex(({ node }) => node === (about === "object" ? "BO" : "VM"));
  return { about, steps: [...steps.slice(first), ...steps.slice(0, first)] };
}
