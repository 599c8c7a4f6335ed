import { inFile } from "../../in-file.ts";
import type { Mutant } from "../../operators.ts";

/** One mistake of each kind that was thought of, in nouveau. */
export const NOUVEAU: readonly Mutant[] = [
  ...inFile("policy-nouveau/src/sched/sched.ts", [
    [
      "what is cancelled does not wait for the job that has begun",
      "    this.lastBegun = job.finished;\n",
      "",
    ],
  ]),
  ...inFile("policy-nouveau/src/channel/recovery.ts", [
    [
      "fences of a channel that is given up signal, and the GPU stays on it",
      "  const had = leave(nv, failed);\n",
      "  const had = (engine as GpuEngine).jobs.filter(({ fence }) => ownerOf(fence) === failed);\n",
    ],
  ]),
  ...inFile("policy-nouveau/src/ttm/validate.ts", [
    ["a way by the GART that fails keeps its room there", "    freeResource(nv, hop);\n", ""],
  ]),
  ...inFile("policy-nouveau/src/ttm/copy.ts", [
    [
      "memory is given back while it is copied from",
      '  yield* waitFence(dev, fence, "nouveau_bo_move_m2mf");\n',
      "",
    ],
  ]),
  ...inFile("policy-nouveau/src/channel/fence-sync.ts", [
    [
      "work that writes does not wait for who reads",
      "resv.visible(exclusive ? USAGE_READ : USAGE_WRITE)",
      "resv.visible(exclusive ? USAGE_WRITE : USAGE_WRITE)",
    ],
  ]),
  ...inFile("policy-nouveau/src/mmu/vmm.ts", [
    [
      "page tables that were not all to be had are kept",
      "    if (failed !== addr) this.put(addr, failed - addr, shift);\n    return -ENOMEM;",
      "    return -ENOMEM;",
    ],
  ]),
];
