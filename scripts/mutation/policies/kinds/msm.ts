import { inFile } from "../../in-file.ts";
import type { Mutant } from "../../operators.ts";

/** One mistake of each kind that was thought of, in msm. */
export const MSM: readonly Mutant[] = [
  ...inFile("policy-msm/src/gpu/recover.ts", [
    [
      "the submit that hangs signals, and lets go, before the GPU is reset",
      `  for (const { engine } of gpu.rings) engine.reset();
  gpu.hangcheck.hung = false;
  yield* preempt(dev, "preempt", "gpu->funcs->recover");
  // msm_update_fence: the submit counts as done, without an error.
  ring.done = hung.seqno;
  hung.fence.signal();
  yield* retireSubmits(msm);
`,
      `  ring.done = hung.seqno;
  hung.fence.signal();
  yield* retireSubmits(msm);
  yield* preempt(dev, "preempt", "gpu->funcs->recover");
  for (const { engine } of gpu.rings) engine.reset();
  gpu.hangcheck.hung = false;
`,
    ],
    [
      "only the ring that hung is written anew",
      "  for (const each of gpu.rings) for (const job of [...each.inFlight]) each.replay(job);\n",
      "  for (const job of [...ring.inFlight]) ring.replay(job);\n",
    ],
  ]),
  ...inFile("policy-msm/src/gem/shrinker.ts", [
    [
      "an eviction does not look at who reads",
      "  return bo.resv.busy(USAGE_BOOKKEEP) === null;\n",
      "  return bo.resv.busy(1) === null;\n",
    ],
  ]),
  ...inFile("policy-msm/src/gpu/submit.ts", [
    [
      "a submit that writes says that it reads",
      "    resv.addFence(fence, submit.writes.has(i) ? USAGE_WRITE : USAGE_READ);\n",
      "    resv.addFence(fence, USAGE_READ);\n",
    ],
  ]),
  ...inFile("policy-msm/src/vma/bind-job.ts", [
    [
      "behind a map that failed nothing is unmapped",
      "      if (!map) {\n",
      "      if (!map && ret === 0) {\n",
    ],
  ]),
  ...inFile("policy-msm/src/kms/framebuffer.ts", [
    [
      "a framebuffer that could not be made ready keeps its claim on the mapping",
      "  fb.prepareCount--;\n  yield* vmaRefPut(msm, fb.bo);\n",
      "  fb.prepareCount--;\n",
    ],
  ]),
];
