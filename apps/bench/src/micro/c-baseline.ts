import type { MicroCase, Workload } from "./workload.ts";

/** What the kernel's `drm_gpuvm.c` (7.3.4, gcc -O2, userspace) took, and the checksums of the same requests. */
interface Baseline {
  /** Median ns per op of 5 runs on another machine: a shared 2-core VM, AMD EPYC, 32 MiB L3, glibc malloc. */
  readonly ns: number;
  /** For seed 1 and 1,000,000 ops. */
  readonly short: string;
  /** The full checksum, where there are steps. */
  readonly full?: string;
}

const SIZES = [1_000, 10_000, 100_000, 1_000_000];

const NS: Record<MicroCase, readonly number[]> = {
  insert: [254, 410, 1091, 3241],
  hole: [234, 332, 931, 2950],
  replace: [252, 398, 1267, 3007],
  split: [444, 575, 1169, 2202],
  churn: [186, 306, 1061, 2341],
  find: [60, 127, 442, 1575],
  "find-miss": [58, 127, 423, 1595],
  iterate: [5, 12, 210, 196],
};

const SUMS: Record<MicroCase, readonly string[]> = {
  insert: ["e44b8e2d/f9c9c2cc", "a0a59875/8ee7ab9f", "c7210f35/0af38517", "581f2865/91e393ec"],
  hole: ["e5ade685/958fa1af", "e9525945/2bbd3c73", "a4b57a85/ee2ce1db", "f8655805/327a95b9"],
  replace: ["a5b343b2/36543bdd", "25d634da/cf5a15bf", "846b539d/c8c8bcbf", "0c5e1d15/d0c01711"],
  split: ["f9c462f5/fdb960bf", "7b77fc85/83281355", "a5e7a4b5/eebf4c37", "8ee617f5/9add9e9f"],
  churn: ["0349c0f5/8e079ead", "1fa5ff55/890b2f56", "c1a834d5/5a359da0", "20120ff5/5abde28a"],
  find: ["5da87ab5", "cbfa4d85", "5a8c03c5", "74ed95c5"],
  "find-miss": ["b748de5f", "b748de5f", "b748de5f", "b748de5f"],
  iterate: ["18808d65", "9c59b455", "7a0fe52d", "4299b45f"],
};

/** The documented figures for a workload; undefined: none for that size. */
export function baselineOf(work: Workload): Baseline | undefined {
  const at = SIZES.indexOf(work.n);
  if (at < 0) return undefined;
  const [short = "", full] = (SUMS[work.case][at] as string).split("/");
  const ns = NS[work.case][at] as number;
  return full === undefined ? { ns, short } : { ns, short, full };
}

/** Whether the documented checksums are those of this workload. */
export function hasDocumentedSums(work: Workload): boolean {
  return work.seed === 1 && (work.case === "insert" || work.ops === 1_000_000);
}
