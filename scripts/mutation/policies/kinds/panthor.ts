import { inFile } from "../../in-file.ts";
import type { Mutant } from "../../operators.ts";

/** One mistake of each kind that was thought of, in panthor. */
export const PANTHOR: readonly Mutant[] = [
  ...inFile("policy-panthor/src/sched/tick.ts", [
    ["a group that leaves its slot keeps the address space in use", "  vmIdle(panthor, group.vm);\n", ""],
  ]),
  ...inFile("policy-panthor/src/mmu/address-space.ts", [
    [
      "an address space goes to another VM with what the TLB has of the old one",
      '      asDisable(panthor, as, true, "submit");\n',
      "",
    ],
  ]),
  ...inFile("policy-panthor/src/sched/run-job.ts", [
    ["the ring buffer does not hold its jobs", "  takeRef(job, machine.dev, group.kref);\n", ""],
    [
      "who handles a timeout lets the scheduler go on",
      '  yield* stopScheduler(queue.scheduler, job);\n  yield* lockBriefly(machine.dev, sched.lock, "queue_timedout_job");\n',
      '  yield* lockBriefly(machine.dev, sched.lock, "queue_timedout_job");\n',
    ],
  ]),
  ...inFile("policy-panthor/src/sched/reset.ts", [
    [
      "queues stay stopped after a reset",
      "    for (const queue of group.queues) startQueue(queue);\n    if",
      "    void startQueue;\n    if",
    ],
  ]),
  ...inFile("policy-panthor/src/heap/grow.ts", [
    ["a chunk that is given back stays in its heap's list", "    chunks.splice(at, 1);\n", ""],
  ]),
  ...inFile("policy-panthor/src/sched/syncwait.ts", [
    [
      "what a queue waited on stays mapped by the kernel",
      "  yield* vunmapBo(panthor, bo);\n",
      "  void vunmapBo;\n",
    ],
  ]),
];
