import type { Claim } from "./claim.ts";
import { BINDERS } from "./close.ts";

/** What is to be expected of a mapping that no request ever uses: W15. */
export const UNUSED_CLAIMS: readonly Claim[] = [
  {
    workload: "W15",
    ways: ["HARD0", "HARDR"],
    expect: { leaked_bos: 1, leaked_vms: 1 },
    says: "a mapping that no request uses is torn down by no request's end: the maintainer's proposal needs one event more",
    basis: ["derived"],
  },
  {
    workload: "W15",
    ways: ["OWN", "SOFT0", "SOFT4", "HARDU", "MERGED", ...BINDERS],
    expect: { leaked_bos: 0, leaked_vms: 0 },
    says: "it goes with the handle, the object or the file, submitted or not",
    basis: ["derived"],
  },
];
