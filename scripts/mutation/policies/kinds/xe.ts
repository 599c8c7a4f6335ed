import { inFile } from "../../in-file.ts";
import type { Mutant } from "../../operators.ts";

/** One mistake of each kind that was thought of, in xe. */
export const XE: readonly Mutant[] = [
  ...inFile("policy-xe/src/userptr/userptr-pin.ts", [
    [
      "memory that changed while it was looked up is taken all the same",
      "const changed = notifier.readRetry(seq);",
      "const changed = false;",
    ],
  ]),
  ...inFile("policy-xe/src/userptr/userptr-notifier.ts", [
    [
      "the program's memory goes before the GPU is done",
      '    yield* waitIdle(vm.gpuvm.dev, vm.gpuvm.resv, "xe_vma_userptr_do_inval");\n',
      "",
    ],
  ]),
  ...inFile("policy-xe/src/preempt/preempt.ts", [
    [
      "who wants the rebind worker while it runs is not heard",
      `  state.pending = false;
  let ret: Errno = 0;
  if (!vm.closedOrBanned) {
    const fences = { allocated: 0 };
    do ret = yield* rebindAndResume(vm, state, fences);
    while (ret === -EAGAIN);
  }
`,
      `  let ret: Errno = 0;
  if (!vm.closedOrBanned) {
    const fences = { allocated: 0 };
    do ret = yield* rebindAndResume(vm, state, fences);
    while (ret === -EAGAIN);
  }
  state.pending = false;
`,
    ],
  ]),
  ...inFile("policy-xe/src/exec/queue-kill.ts", [
    [
      "fences of a queue that is killed signal while the GPU works on it",
      "  queue.killed = true;\n",
      "  queue.killed = true;\n  for (const job of queue.pending.values()) job.signal(-ECANCELED);\n",
    ],
  ]),
  ...inFile("policy-xe/src/memory/move.ts", [
    [
      "the room that is left is given away while it is copied from",
      "      vram.used += bo.size;\n      copied.onSignal(() => vram.release(bo.size));\n",
      "      void copied;\n",
    ],
  ]),
  ...inFile("policy-xe/src/vm/rebind.ts", [
    [
      "what could not be bound again is forgotten",
      '  if (typeof fence === "number") return fence;\n  vm.xe',
      '  if (typeof fence === "number") {\n    vm.rebindList.clear();\n    return fence;\n  }\n  vm.xe',
    ],
  ]),
  ...inFile("policy-xe/src/bind/bind-op.ts", [
    [
      "whether the piece behind a cut keeps its entries goes by its other end",
      "op.skipNext = aligned(vma.start);",
      "op.skipNext = aligned(vma.end);",
    ],
  ]),
  ...inFile("policy-xe/src/bind/bind-exec-queue.ts", [
    [
      "nobody waits for a rebind",
      "return waitVmBookkeep ? USAGE_KERNEL : USAGE_BOOKKEEP;",
      "return waitVmBookkeep ? USAGE_BOOKKEEP : USAGE_BOOKKEEP;",
    ],
  ]),
];
