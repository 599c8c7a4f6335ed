import { draw } from "@gpuvm/report/plot";
import * as Plot from "@observablehq/plot";
import { baselineOf } from "./c-baseline.ts";
import { type MicroResult, median } from "./measure.ts";
import type { BesideNative } from "./native/measure-native.ts";
import { STORES } from "./native/yardstick.ts";

interface Point {
  readonly case: string;
  readonly n: number;
  readonly ns: number;
}

/** A line of each case's picture. */
interface Line {
  readonly name: string;
  readonly colour: string;
  /** Lengths of dashes and gaps; absent: a line without gaps. */
  readonly dashes?: string;
  readonly points: readonly Point[];
}

const PIXELS = 170;
/** From one word of the legend to the next. */
const LEGEND = 240;
const TOP = 46;
/** Where the legend begins: right of the name of the axis. */
const LEFT = 140;
/** What a file of its own needs, and a page does not: the name space, and colours that do not come from around it. */
const ALONE = '<svg xmlns="http://www.w3.org/2000/svg" color="#222" ';
const COLOURS = ["#b3470b", "#5b8f22"];

/** Time per operation against the number of mappings, as SVG, beside the documented figures of the kernel's C code. */
export function growthChart(results: readonly MicroResult[]): string {
  const points = results.flatMap(({ work }): Point[] => {
    const documented = baselineOf(work);
    return documented === undefined ? [] : [{ case: work.case, n: work.n, ns: documented.ns }];
  });
  const name = "drm_gpuvm.c, documented, another machine";
  return chart([coreLine(results), ...(points.length === 0 ? [] : [{ name, ...GREY, points }])]);
}

const GREY = { colour: "#777", dashes: "4 3" };

/** The same beside the yardstick in C++. */
export function nativeChart(all: readonly BesideNative[]): string {
  const lines = STORES.map((store, i): Line => {
    const points = all.flatMap(({ core: { work }, native }) =>
      native
        .filter((r) => r.store === store)
        .map((r): Point => ({ case: work.case, n: work.n, ns: median(r.ns) })),
    );
    return { name: `${store} in C++`, colour: COLOURS[i] as string, dashes: "4 3", points };
  });
  return chart([coreLine(all.map(({ core }) => core)), ...lines]);
}

function coreLine(results: readonly MicroResult[]): Line {
  const points = results.map((r): Point => ({ case: r.work.case, n: r.work.n, ns: median(r.ns) }));
  return { name: "core", colour: "#0b6bb3", points };
}

function chart(lines: readonly Line[]): string {
  const all = lines.flatMap(({ points }) => points);
  const svg = draw(
    {
      width: Math.max(PIXELS * new Set(all.map((p) => p.case)).size, LEFT + LEGEND * lines.length),
      height: PIXELS + TOP + 64,
      marginTop: TOP,
      marginBottom: 36,
      fx: { label: null, padding: 0.2 },
      x: { type: "log", label: "mappings", ticks: [...new Set(all.map((p) => p.n))], tickFormat: "~s" },
      y: {
        type: "log",
        label: "ns per operation",
        grid: true,
        ticks: [10, 100, 1000],
        tickFormat: "~s",
      },
      marks: lines.toReversed().flatMap(({ colour, dashes, points }) => {
        const how = { x: "n", y: "ns", fx: "case", stroke: colour } as const;
        return [
          Plot.line(points, {
            ...how,
            ...(dashes === undefined ? { strokeWidth: 2 } : { strokeDasharray: dashes }),
          }),
          Plot.dot(points, { ...how, fill: colour, r: dashes === undefined ? 2.5 : 1.5 }),
        ];
      }),
    },
    "time per operation against the number of mappings, by case",
  );
  return svg
    .replace("<svg ", ALONE)
    .replace("background:none", "background:#fff")
    .replace(/<\/svg>$/, `${legend(lines)}</svg>`);
}

function legend(lines: readonly Line[]): string {
  const entries = lines.map(({ name, colour, dashes }, i) => {
    const x = LEFT + LEGEND * i;
    const how = dashes === undefined ? 'stroke-width="2"' : `stroke-dasharray="${dashes}"`;
    return `<path d="M${x},10h22" stroke="${colour}" ${how}/><text x="${x + 28}" y="14" fill="currentColor">${name}</text>`;
  });
  return `<g aria-label="legend" text-anchor="start" font-size="11">${entries.join("")}</g>`;
}
