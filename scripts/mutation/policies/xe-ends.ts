import { inFile } from "../in-file.ts";
import type { Mutant } from "../operators.ts";

/** Mistakes in xe's syncs, user fences, page faults, resets and wedged devices. */
export const XE_ENDS: readonly Mutant[] = [
  ...inFile("policy-xe/src/sync/sync.ts", [
    [
      "the end of a call keeps the fences that it waited for",
      "      fence?.put(HOLDER);\n      ufence",
      "      ufence",
    ],
    [
      "a user fence is written with no regard to those before",
      "      ufence.kick();\n",
      "      void ufence;\n",
    ],
  ]),
  ...inFile("policy-xe/src/exec/exec.ts", [
    [
      "a submit signals before it can fail no more",
      "  const job = newJob(queue);\n  if (job === null) return -ENOMEM;\n  const after",
      "  syncs.signal(stub(queue.vm.xe.machine));\n  const job = newJob(queue);\n  if (job === null) return -ENOMEM;\n  const after",
    ],
    ["a submit waits for no sync", "  for (const fence of syncs.inFences) after.push(fence);\n", ""],
  ]),
  ...inFile("policy-xe/src/pt/update-run.ts", [
    [
      "a bind waits for no sync",
      "  for (const fence of work.inFences) if (!fence.signaled) out.push(fence);\n",
      "",
    ],
  ]),
  ...inFile("policy-xe/src/bind/bind-execute.ts", [
    ["what the program was not told of is unmapped", "  if (!ufence.signalled) return -EBUSY;\n", ""],
  ]),
  ...inFile("policy-xe/src/vm/vma-life.ts", [
    ["a mapping does not hold its user fence", "  ufence.kref.get(vma);\n", ""],
    ["what faulted last is kept", "  if (vm.lastFaultVma === vma) vm.lastFaultVma = null;\n", ""],
  ]),
  ...inFile("policy-xe/src/vm/pagefault.ts", [
    [
      "a fault is answered in a VM that is closed",
      "vm.size === 0 ? null : findVma(vm, addr)",
      "findVma(vm, addr)",
    ],
    ["a fault does not hold its VM", '  vm.gpuvm.get("pagefault");\n', ""],
    [
      "a fault does not look up memory that has changed",
      "vma.userptr?.stale === true",
      "vma.userptr?.stale === null",
    ],
  ]),
  ...inFile("policy-xe/src/exec/exec-queue.ts", [
    [
      "a reset has fences signal before the GPU leaves",
      "    if (this.#ring.started(job) || ++job.karma > 2) ban(this);\n",
      "    if (this.#ring.started(job)) this.#ring.finish(job, -62, false);\n",
    ],
    ["what had not begun is not begun again", "      ring.again(job);\n", ""],
  ]),
  ...inFile("policy-xe/src/exec/queue-kill.ts", [
    [
      "a firmware that does not answer is taken to have answered",
      "      xe.gt.resetAsync();\n      xe.gt.orderedWq.queue(() => timedoutJob(xe, queue, cleanup));\n      return;\n",
      "",
    ],
  ]),
  ...inFile("policy-xe/src/wedged.ts", [
    ["a wedged device leaves work unended", "  for (const queue of gt.queues) queue.kill();\n", ""],
  ]),
];
