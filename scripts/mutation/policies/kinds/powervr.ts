import { inFile } from "../../in-file.ts";
import type { Mutant } from "../../operators.ts";

/** One mistake of each kind that was thought of, in powervr. */
export const POWERVR: readonly Mutant[] = [
  ...inFile("policy-powervr/src/queue/queue-ops.ts", [
    [
      "a geometry job does not wait for what its fragment job waits for",
      "    if (fence === null || fence.base.signaled || fence === own) continue;\n    return fence.get(entity);\n",
      "    if (fence === null || fence.base.signaled || fence === own) continue;\n",
    ],
    ["a job that waits for room is not held", "  job.refs++;\n", ""],
    [
      "what is in the ring when a job times out is taken for cancelled",
      "  for (const left of scheduler.running) left.fence?.setParent(left.doneFence);\n",
      "",
    ],
  ]),
  ...inFile("policy-powervr/src/queue/sync.ts", [
    ["a submit keeps the syncobjs that it signals", "      syncobj.put();\n", ""],
  ]),
  ...inFile("policy-powervr/src/queue/submit.ts", [
    [
      "a geometry job does not say that it writes its render target",
      "type === GEOMETRY ? USAGE_WRITE : USAGE_READ);\n}",
      "USAGE_READ);\n}",
    ],
  ]),
  ...inFile("policy-powervr/src/queue/queue-done.ts", [
    [
      "one job that is done signals for all",
      "    if (doneFence === null || queue.doneSeqno < doneFence.base.seqno) break;\n",
      "    if (doneFence === null) break;\n",
    ],
  ]),
];
