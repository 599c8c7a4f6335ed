import { inFile } from "../../in-file.ts";
import type { Mutant } from "../../operators.ts";

/** One mistake of each kind that was thought of, in the core. */
export const CORE: readonly Mutant[] = [
  ...inFile("gpuvm-core/src/resv.ts", [
    [
      "a later fence takes the place of one that more wait for",
      " && oldUsage >= usage) return true;",
      ") return true;",
    ],
  ]),
  ...inFile("gpuvm-core/src/exec.ts", [
    [
      "a signal while the slow path waits keeps the object",
      "    if (obj.resv.owner !== null) {\n      obj.put(this);\n      return false;",
      "    if (obj.resv.owner !== null) {\n      return false;",
    ],
  ]),
  ...inFile("gpuvm-core/src/deferred.ts", [
    [
      "a zombie that is cleaned up stays on the evict list",
      "      vmBo.onExtobj.remove();\n      vmBo.onEvict.remove();\n    }\n    vm.resv.release",
      "      vmBo.onExtobj.remove();\n    }\n    vm.resv.release",
    ],
  ]),
];

/** In what the drivers share. */
export const MODEL: readonly Mutant[] = [
  ...inFile("drm-model/src/gpu/sched/sched-entity.ts", [
    [
      "jobs that are given up do not wait for each other",
      "      before = (job.fence as SchedFence).finished;\n",
      "",
    ],
  ]),
  ...inFile("drm-model/src/gpu/sched/reset.ts", [
    ["credits are taken twice over a stop", "      sched.credits -= job.credits;\n", ""],
  ]),
  ...inFile("drm-model/src/uapi/sync-obj.ts", [
    [
      "a point of a timeline does not wait for those before it",
      "const after = before === null || before.base.signaled ? null : before;",
      "const after = before === null || !before.base.signaled ? null : before;",
    ],
  ]),
  ...inFile("drm-model/src/machine/work-item.ts", [
    ["a flush does not wait for work that runs", "() => !this.queued && !this.running", "() => !this.queued"],
  ]),
];
