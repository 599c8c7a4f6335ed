import * as Plot from "@observablehq/plot";
import { type Alike, list } from "./panel.ts";
import { draw } from "./plot.ts";

/** A point of a plot. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** What all rows share. */
export interface Axes {
  readonly xLabel: string;
  readonly xDomain: readonly [number, number];
  readonly yDomain: readonly [number, number];
  readonly yTicks: readonly number[];
  readonly yFormat: (y: number) => string;
  readonly xFormat?: (x: number) => string;
  readonly xTicks?: readonly number[];
  /** Small numbers get as much room as large ones; 0 has a place. */
  readonly xLog?: boolean;
  /** Pixels of a row. */
  readonly row?: number;
}

/** One row for each group of policies that look alike, over one another, on the same axes. */
export function rowsOfPlots(
  groups: readonly Alike[],
  marks: (group: Alike, key: string) => Plot.Markish[],
  axes: Axes,
  label: string,
): string {
  const row = axes.row ?? 58;
  const keys = groups.map(({ names }) => list(names));
  return draw(
    {
      height: groups.length * row + 54,
      marginTop: 20,
      marginBottom: 34,
      x: {
        domain: [...axes.xDomain],
        label: axes.xLabel,
        labelArrow: "none",
        labelAnchor: "center",
        ticks: axes.xTicks === undefined ? 5 : [...axes.xTicks],
        ...(axes.xLog === true ? { type: "symlog", constant: 1 } : {}),
        ...(axes.xFormat === undefined ? {} : { tickFormat: axes.xFormat }),
      },
      y: { domain: [...axes.yDomain], ticks: [...axes.yTicks], tickFormat: axes.yFormat, label: null },
      fy: { domain: keys, axis: null, paddingInner: 0.36, paddingOuter: 0 },
      marks: [
        Plot.gridY({ ticks: [...axes.yTicks], strokeOpacity: 0.18 }),
        ...groups.flatMap((group, i) => marks(group, keys[i] as string)),
        Plot.text(keys, {
          fy: (key: string) => key,
          text: (key: string) => shortened(key),
          frameAnchor: "top-left",
          dx: 2,
          dy: -13,
          fontWeight: 600,
        }),
      ],
    },
    label,
  );
}

/** What fits over a row. */
function shortened(key: string): string {
  return key.length <= 66 ? key : `${key.slice(0, 64)}...`;
}
