import { inFile } from "../in-file.ts";
import type { Mutant } from "../operators.ts";

/** Mistakes in what msm does where the kernel manages addresses. */
export const MSM_SOFT: readonly Mutant[] = [
  ...inFile("policy-msm/src/gem/close.ts", [
    [
      "a handle closes without waiting for the GPU",
      '  else yield* waitResvTimeout(msm.machine, bo.resv, rule.usage, rule.limitNs, "msm_gem_close");\n',
      "",
    ],
    [
      "the end of a file forgets its dma-bufs",
      "  for (const dmaBuf of ctx.exports.values()) dmaBuf.close();\n",
      "",
    ],
    ["the end of a file keeps its queues", "    queue.put(ctx);\n", ""],
    ["the end of a file keeps its context", "  ctx.put(file);\n", ""],
    [
      "the close of a handle returns with the locks",
      "  exec.fini();\n}\n\n/**\n * A file is",
      "}\n\n/**\n * A file is",
    ],
  ]),
  ...inFile("policy-msm/src/gpu/retire.ts", [
    ["a submit that retires keeps its objects", "    bo.put(submit);\n", ""],
    [
      "a submit that retires puts its objects twice",
      "    bo.put(submit);\n",
      "    bo.put(submit);\n    bo.put(submit);\n",
    ],
    ["a submit that retires keeps its queue", "  submit.queue.put(submit);\n", ""],
  ]),
  ...inFile("policy-msm/src/gpu/submit.ts", [
    ["a submit that failed gives nothing back", "    yield* retire(msm, submit);\n", ""],
    [
      "a submit's fence is on no object",
      "if (vm.managed) attachFences(submit, fence);",
      "if (vm.managed) void fence;",
    ],
    [
      "a submit does not lock its objects",
      "    if (ret === 0) ret = yield* exec.prepareArray(bos, 1);\n",
      "",
    ],
    [
      "a submit keeps its locks",
      "  exec.fini();\n  if (ret !== 0) return ret;\n",
      "  if (ret !== 0) return ret;\n",
    ],
    ["a submit that failed keeps its pins", "    yield* unpinAll(msm, submit);\n", ""],
    ["a submit keeps the queue's lock", "  if (locked) unlock(dev, queue.lock);\n", ""],
  ]),
  ...inFile("policy-msm/src/gpu/submit-state.ts", [
    [
      "a submit on the ring keeps its pins",
      "      for (let i = 0; i < bos.length; i++) unpinObj(msm, bos[i] as MsmBo);\n",
      "",
    ],
  ]),
  ...inFile("policy-msm/src/vma/vma.ts", [
    [
      "a mapping torn down leaves its entries",
      "    vmaUnmap(msm, at, va, reason);\n    if (!close) {",
      "    if (!close) {",
    ],
    ["a mapping that goes keeps its addresses", "  vm.mm?.release(addr, range);\n", ""],
    [
      "a mapping that could not be tied stays allocated",
      "    gpuvaFree(vm, va);\n    mm.release(addr, bo.size);\n",
      "",
    ],
    [
      "a mapping does not know that it has entries",
      "vas.setFlags(va, (flags & ~VMA_EVICTED) | VMA_MAPPED);",
      "vas.setFlags(va, flags & ~VMA_EVICTED);",
    ],
  ]),
  ...inFile("policy-msm/src/mmu/pagetable.ts", [
    ["entries are cleared and the TLB is not", '    this.view.flush("unmap");\n', ""],
  ]),
  ...inFile("policy-msm/src/vma/vma-store.ts", [
    [
      "a new mapping's maker keeps its vm_bo",
      "    gpuvaLink(vm, va, vmBo);\n    gpuvmBoPut(vmBo, IOCTL);\n",
      "    gpuvaLink(vm, va, vmBo);\n",
    ],
    [
      "a vm_bo that cannot be had leaves the mapping in the tree",
      "    if (vmBo === null) {\n      gpuvaRemove(vm, va);\n      return -ENOMEM;",
      "    if (vmBo === null) {\n      return -ENOMEM;",
    ],
    [
      "a submit looks the vm_bo of an object up, and keeps it",
      "  gpuvmBoPut(vmBo, IOCTL);\n  return vmBo as",
      "  return vmBo as",
    ],
  ]),
  ...inFile("policy-msm/src/gem/shrinker.ts", [
    [
      "objects that the GPU uses are evicted",
      "  return bo.resv.busy(USAGE_BOOKKEEP) === null;\n",
      "  return true;\n",
    ],
    ["pinned objects are evicted", " || bo.pins > 0) return false;", ") return false;"],
    ["the shrinker keeps the VMs' locks", "    vmBo.vm.resv.release(task);\n", ""],
    ["the shrinker keeps the object", '    bo.put("ioctl");\n', ""],
    [
      "the shrinker does not lock the VMs",
      '    all = resv.tryAcquire(task);\n    if (!all) break;\n    // Held, so that it stays on the object\'s list until the unlock.\n    locked.push(gpuvmBoGet(vmBo, "ioctl"));\n',
      "",
    ],
  ]),
  ...inFile("policy-msm/src/gem/pages.ts", [
    ["pages go and entries stay", "  putIovaSpaces(msm, bo, null, false, how);\n", ""],
  ]),
  ...inFile("policy-msm/src/gem/free.ts", [
    [
      "an object is freed while its mappings lead to it",
      '  putIovaSpaces(msm, bo, null, true, "free");\n  if (typeof',
      "  if (typeof",
    ],
    [
      "a freed object stays on the list that memory pressure walks",
      "  underLru(msm, () => bo.onLru.remove());\n",
      "",
    ],
    ["an import keeps the exporter's object", "detach(msm, bo.importAttach as DmaBuf, bo);", "void detach;"],
  ]),
  ...inFile("policy-msm/src/gem/gem.ts", [
    ["an object without handle stays", '    bo.put("creator");\n', ""],
    ["GET_IOVA keeps the object", '    exec.fini();\n  }\n  bo.put("ioctl");\n', "    exec.fini();\n  }\n"],
    ["madvise keeps the object's lock", "  unlock(dev, bo.resv);\n", ""],
    ["CPU_PREP keeps the object", 'USAGE_READ);\n  bo.put("ioctl");\n', "USAGE_READ);\n"],
  ]),
  ...inFile("policy-msm/src/drv/context-vm.ts", [
    [
      "whether there is a VM is not asked again under the lock",
      "  if (ctx.vm === null) {\n    yield*",
      "  {\n    yield*",
    ],
  ]),
  ...inFile("policy-msm/src/kms/framebuffer.ts", [
    ["a framebuffer that goes keeps its object", "  fb.bo.put(fb);\n", ""],
  ]),
  ...inFile("policy-msm/src/kms/scanout.ts", [
    [
      "a framebuffer that cannot be mapped stays",
      "        if (fb.prepareCount === 0) {\n          framebuffers.delete(bo);\n          framebufferPut(fb);\n        }\n",
      "",
    ],
  ]),
  ...inFile("policy-msm/src/gem/kernel-bo.ts", [
    ["what the display does not show any more stays pinned", "  yield* unpinOne(msm, bo);\n", ""],
  ]),
];
