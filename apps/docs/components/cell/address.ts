/** A cell of the study, and a step of the experiment behind it. */
export interface CellAddress {
  /** `W4`. */
  readonly workload: string;
  /** `MERGED`, or `xe:mainline`. */
  readonly way: string;
  /** From 1. */
  readonly step: number;
}

/** The hash that opens a cell. */
export function cellHash({ workload, way, step }: CellAddress): string {
  return `#cell=${workload}/${way}${step > 1 ? `&step=${step}` : ""}`;
}

/** What a hash opens; null: no cell. */
export function cellOf(hash: string): CellAddress | null {
  const params = new URLSearchParams(hash.slice(1));
  const match = /^(W\d+)\/([\w.:-]+)$/.exec(params.get("cell") ?? "");
  const [, workload, way] = match ?? [];
  if (workload === undefined || way === undefined) return null;
  return { workload, way, step: Math.max(1, Math.trunc(Number(params.get("step") ?? 1)) || 1) };
}
