import { inFile } from "../in-file.ts";
import type { Mutant } from "../operators.ts";

/** Mistakes in what msm does where programs manage addresses. */
export const MSM_VM_BIND: readonly Mutant[] = [
  ...inFile("policy-msm/src/vma/bind.ts", [
    ["a bind keeps the queue's lock", "  unlock(msm.dev, queue.lock);\n", ""],
    ["a bind that failed gives nothing back", "    yield* job.free();\n", ""],
    ["a bind that failed keeps its pins", "    yield* job.unpinLocked();\n", ""],
    ["a bind does not pin, but unpins", "if (bo !== null) pinObj(bo);", "void bo;"],
    ["a bind that failed half way says nothing", "      if (i > 0) vm.giveUp();\n", ""],
    ["a bind does not wait for what it was told to", "job.arm(after, finished)", "job.arm([], finished)"],
    [
      "a bind keeps its locks",
      "  exec.fini();\n  return ret;\n}\n\n/** The VM and every",
      "  return ret;\n}\n\n/** The VM and every",
    ],
    [
      "a map does not lock what it cuts",
      "    return yield* gpuvmSmMapExecLock(vm, exec, 1, { addr: iova, range, obj: bo, offset: boOffset });",
      "    return 0;",
    ],
  ]),
  ...inFile("policy-msm/src/vma/bind-job.ts", [
    ["an unmap clears nothing", "        vm.mmu.unmap(iova, range);\n", ""],
    [
      "an update keeps its object",
      "      bo?.put(this);\n    }\n    this.vmOps.length = 0;",
      "    }\n    this.vmOps.length = 0;",
    ],
    ["an update holds no object", "    op.bo?.get(this);\n", ""],
    [
      "an update puts its object before it clears",
      "        vm.mmu.unmap(iova, range);\n",
      "        bo?.put(this);\n        bo?.get(this);\n        vm.mmu.unmap(iova, range);\n",
    ],
    ["a job that ran keeps its pins", "    yield* this.#unpinActive();\n", ""],
    ["a job keeps its objects", "      op.bo?.put(this);\n", ""],
    ["a job keeps its queue", "    this.queue.put(this);\n", ""],
    ["the throttle is never let go", "    this.vm.preallocInFlight -= count;\n", ""],
  ]),
  ...inFile("policy-msm/src/vma/bind-steps.ts", [
    ["pieces do not know that they have entries", "    vm.vas.setFlags(made, flags);\n", ""],
    [
      "a cut mapping that was evicted is forgotten",
      "  if (!mapped && vmBo !== null) gpuvmBoEvict(vmBo, true);\n",
      "",
    ],
    [
      "a cut keeps the vm_bo",
      "gpuvmBoEvict(vmBo, true);\n  gpuvmBoPut(vmBo, IOCTL);\n",
      "gpuvmBoEvict(vmBo, true);\n",
    ],
    [
      "a cut that failed keeps the vm_bo",
      "      gpuvmBoPut(vmBo, IOCTL);\n      return made;",
      "      return made;",
    ],
    [
      "a cut clears the whole mapping",
      "job.enqueue({ map: false, iova: hole.start, range: hole.range, bo, offset: 0 });",
      "job.enqueue({ map: false, iova: vm.vas.addr(va), range: vm.vas.range(va) + 0 * hole.range, bo, offset: 0 });",
    ],
    ["an external object is not listed", "    gpuvmBoExtobjAdd(vmBo);\n", ""],
    [
      "a vm_bo that cannot be had leaves the mapping",
      "      gpuvaRemove(vm, va);\n      gpuvaFree(vm, va);\n      return -ENOMEM;",
      "      return -ENOMEM;",
    ],
    [
      "a new mapping's maker keeps the vm_bo",
      "    gpuvaLink(vm, va, vmBo);\n    gpuvmBoPut(vmBo, IOCTL);\n",
      "    gpuvaLink(vm, va, vmBo);\n",
    ],
    [
      "an unmap in the tree is not one in the page tables",
      "  if ((flags & VMA_MAPPED) !== 0)\n    job.enqueue",
      "  if ((flags & VMA_MAPPED) === 0)\n    job.enqueue",
    ],
    ["what is mapped already at another offset is kept", " &&\n    vas.offset(va) === asked.boOffset", ""],
  ]),
  ...inFile("policy-msm/src/gpu/submit-vm-bind.ts", [
    [
      "a submit does not lock external objects",
      "    if (ret === 0) ret = yield* gpuvmPrepareObjects(vm, exec, 1);\n",
      "",
    ],
    [
      "a submit does not bring back what was evicted",
      "  return yield* gpuvmValidate(vm, exec);",
      "  return 0 * exec.rounds;",
    ],
    ["what was brought back stays on the list", "  if (ret === 0) gpuvmBoEvict(vmBo, false);\n", ""],
    [
      "a submit's fence is on no object",
      "  gpuvmResvAddFence(vm, exec, fence, USAGE_BOOKKEEP, USAGE_BOOKKEEP);\n",
      "",
    ],
    [
      "the VM does not know its last submit",
      "  if (history.closeWaitsForWork)\n    vm.lastFence = [fence, ...(vm.lastFence ?? [])].filter(({ signaled }) => !signaled);\n",
      "",
    ],
  ]),
  ...inFile("policy-msm/src/vma/vm-close.ts", [
    [
      "the end of a VM does not wait for its work",
      '  for (const fence of vm.lastFence ?? []) yield* waitFence(dev, fence, "msm_gem_vm_close");\n',
      "",
    ],
    ["the end of a VM leaves entries", '      vmaUnmap(msm, vm, va, "close");\n', ""],
    ["the end of a VM leaves objects locked", "      if (external) exec.unlockObj(bo);\n", ""],
  ]),
  ...inFile("policy-msm/src/gpu/submit.ts", [
    [
      "a submit does not wait for binds",
      "  if ((flags & MSM_SUBMIT_FENCE_FD_IN) !== 0) bindFences(submit, after);\n",
      "",
    ],
    ["a submit that failed leaves its fence", "    submit.abort();\n", ""],
  ]),
  ...inFile("policy-msm/src/gpu/submitqueue.ts", [
    ["a queue that is closed keeps its reference", "  queue.put(ctx);\n", ""],
  ]),
  ...inFile("policy-msm/src/gem/close.ts", [
    [
      "the end of a file does not wait for its binds",
      '    if (queue.vmBind) yield* queue.entity.flush("drm_sched_entity_flush", ending);\n',
      "",
    ],
  ]),
  ...inFile("policy-msm/src/gem/pages.ts", [
    ["an eviction does not tell the VMs", "  if (bo.refs > 0) gpuvmBoGemEvict(bo, true);\n", ""],
  ]),
  ...inFile("policy-msm/src/gem/free.ts", [
    ["a private object keeps the VM's resv object", "  bo.privateResv?.put(bo);\n", ""],
  ]),
];
