import { bytes, count, short, time } from "@gpuvm/results/units";
import type { Stat } from "@gpuvm/workloads";

const UNITS: Readonly<Record<Stat["unit"], (n: number) => string>> = {
  count,
  bytes,
  share: (n) => `${(n * 100).toFixed(0)} %`,
  ns: time,
  "per-second": short,
};

/** A figure's values, with their unit. */
export function statText(stat: Stat): string {
  return stat.values.length === 0 ? "-" : stat.values.map(UNITS[stat.unit]).join(" / ");
}
