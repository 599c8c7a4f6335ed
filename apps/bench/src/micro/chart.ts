import { draw } from "@gpuvm/report/plot";
import * as Plot from "@observablehq/plot";
import { baselineOf } from "./c-baseline.ts";
import { type MicroResult, median } from "./measure.ts";

interface Point {
  readonly case: string;
  readonly n: number;
  readonly ns: number;
}

const PIXELS = 170;
/** What a file of its own needs, and a page does not: the name space, and colours that do not come from around it. */
const ALONE = '<svg xmlns="http://www.w3.org/2000/svg" color="#222" ';

/** Time per operation against the number of mappings, as SVG; dashed: the documented figures of the kernel's C code. */
export function growthChart(results: readonly MicroResult[]): string {
  const core: Point[] = results.map((r) => ({ case: r.work.case, n: r.work.n, ns: median(r.ns) }));
  const c: Point[] = results.flatMap(({ work }) => {
    const documented = baselineOf(work);
    return documented === undefined ? [] : [{ case: work.case, n: work.n, ns: documented.ns }];
  });
  const xy = { x: "n", y: "ns", fx: "case", stroke: "#0b6bb3" } as const;
  const svg = draw(
    {
      width: PIXELS * new Set(core.map((p) => p.case)).size,
      height: PIXELS + 70,
      marginBottom: 36,
      fx: { label: null },
      x: { type: "log", label: "mappings", ticks: [...new Set(core.map((p) => p.n))], tickFormat: "~s" },
      y: {
        type: "log",
        label: "ns per operation",
        grid: true,
        ticks: [10, 100, 1000],
        tickFormat: "~s",
      },
      marks: [
        Plot.line(c, { ...xy, stroke: "#777", strokeDasharray: "4 3" }),
        Plot.line(core, { ...xy, strokeWidth: 2 }),
        Plot.dot(core, { ...xy, fill: "#0b6bb3", r: 2.5 }),
      ],
    },
    "time per operation against the number of mappings, by case",
  );
  return svg.replace("<svg ", ALONE).replace("background:none", "background:#fff");
}
