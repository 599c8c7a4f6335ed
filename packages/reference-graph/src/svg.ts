import type { ReferencePolicy } from "@gpuvm/core";
import { dotOf } from "./dot.ts";

/** A policy's reference graph as an SVG file. Same policy, same bytes. */
export async function svgOf(policy: ReferencePolicy, ownership: string): Promise<string> {
  // Only a drawing needs it, and it is large.
  const { instance } = await import("@viz-js/viz");
  const viz = await instance();
  const svg = viz.renderString(dotOf(policy, ownership), { format: "svg", engine: "dot" });
  // As wide as the window, and named for whoever cannot see it.
  const name = `Who holds whom: ${policy.driver}:${policy.variant}, ${ownership}`;
  return svg
    .replace(/<svg width="[^"]*" height="[^"]*"/, '<svg width="100%" height="100%" role="img"')
    .replace(/<title>[^<]*<\/title>/, `<title>${name}</title>`);
}
