import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom/worker";

/** Pixels of a figure's own coordinates: read well on a phone, and two or three side by side on a desk. */
export const WIDTH = 440;

/** Draws a plot and gives it as SVG text, with an accessible name and no more digits than can be seen. */
export function draw(options: Plot.PlotOptions, label: string): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const svg = Plot.plot({
    width: WIDTH,
    marginLeft: 54,
    marginRight: 12,
    marginTop: 6,
    style: { fontSize: "11px", background: "none" },
    ...options,
    document: document as unknown as NonNullable<Plot.PlotOptions["document"]>,
  });
  svg.querySelector("style")?.remove();
  svg.removeAttribute("class");
  for (const name of ["width", "height"]) svg.removeAttribute(name);
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", label);
  const text: string = svg.outerHTML;
  return text.replaceAll(/-?\d{1,20}\.\d{2,}/g, (n) => String(Math.round(Number(n) * 10) / 10));
}
