import { withOwnership } from "@gpuvm/core";
import { subjectNamed } from "@gpuvm/drivers";
import { type DrawnEdge, type DrawnNode, drawingOf, loopsOnly, verdictOf } from "@gpuvm/reference-graph";
import { LOOPS } from "@gpuvm/study";

/** The reference loops of one policy under one ownership, as they are drawn. */
export interface LoopDrawing {
  /** `msm:soft`. */
  readonly policy: string;
  readonly ownership: "soft" | "hard";
  /** It is not its own way, but what was asked. */
  readonly tried: boolean;
  readonly models: string;
  /** Whether it can: without more ado, only if programs clean up, or not at all. */
  readonly can: "certain" | "if-asked" | "never";
  readonly sentence: string;
  readonly nodes: readonly DrawnNode[];
  readonly edges: readonly DrawnEdge[];
}

declare const data: readonly LoopDrawing[];

export { data };

/** Made while the site is built: the page needs no driver for it. */
export default {
  load(): readonly LoopDrawing[] {
    return LOOPS.map(([name, ownership]) => {
      const own = subjectNamed(name).variant.policy;
      const policy = withOwnership(own, ownership);
      const { can, sentence } = verdictOf(policy);
      const tried = own.boOwnership !== ownership;
      return {
        policy: name,
        ownership,
        tried,
        models: own.models,
        can,
        sentence,
        ...loopsOnly(drawingOf(policy)),
      };
    });
  },
};
