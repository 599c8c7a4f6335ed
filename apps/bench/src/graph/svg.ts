import type { ReferencePolicy } from "@gpuvm/core";
import { instance } from "@viz-js/viz";
import { dotOf } from "./dot.ts";

/** A policy's reference graph as an SVG file. Same policy, same bytes. */
export async function svgOf(policy: ReferencePolicy, ownership: string): Promise<string> {
  const viz = await instance();
  return viz.renderString(dotOf(policy, ownership), { format: "svg", engine: "dot" });
}
