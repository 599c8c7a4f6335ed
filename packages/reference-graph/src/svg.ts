import type { ReferencePolicy } from "@gpuvm/core";
import { dotOf } from "./dot.ts";

/** A policy's reference graph as an SVG file. Same policy, same bytes. */
export async function svgOf(policy: ReferencePolicy, ownership: string): Promise<string> {
  // Only a drawing needs it, and it is large.
  const { instance } = await import("@viz-js/viz");
  const viz = await instance();
  return viz.renderString(dotOf(policy, ownership), { format: "svg", engine: "dot" });
}
