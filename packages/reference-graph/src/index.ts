/**
 * A policy's reference loops, what breaks each, what follows, and who holds what is alive on a machine.
 *
 * @example
 * ```ts
 * import { withOwnership } from "@gpuvm/core";
 * import { subjectNamed } from "@gpuvm/drivers";
 * import { verdictOf } from "@gpuvm/reference-graph";
 * const { policy } = subjectNamed("msm:soft").variant;
 * console.assert(verdictOf(policy).can === "certain");
 * console.assert(verdictOf(withOwnership(policy, "hard")).can === "never"); // the loop that nothing breaks
 * ```
 *
 * @packageDocumentation
 */

export { chainOf, chainText, type Link } from "./chain.ts";
export { consequencesOf } from "./consequences.ts";
export { dotOf } from "./dot.ts";
export { type Drawing, type DrawnEdge, type DrawnNode, drawingOf, loopsOnly } from "./drawing.ts";
export { leftBehindFindings } from "./left-behind.ts";
export { type RefLoop, type RefLoopStep, refLoopsOf } from "./reference-loop.ts";
export { svgOf } from "./svg.ts";
export { type Verdict, verdictOf } from "./verdict.ts";
export { type Breaker, type Certainty, type LoopState, reaches, statesOf } from "./what-breaks-it.ts";
export { whyText } from "./why-text.ts";
export { eventName, eventPhrase } from "./words.ts";
