import type { Mutant } from "../operators.ts";
import { inFile } from "./table.ts";

/** Mistakes in panthor. */
export const PANTHOR: readonly Mutant[] = [
  ...inFile("policy-panthor/src/bind.ts", [
    ["a bind keeps the VM", '  vm.gpuvm.put("ioctl");\n  return ret;', "  return ret;"],
    [
      "a bind does not clean up",
      "    yield* cleanupOp(panthor, vm, ctx);\n    if (ret !== 0) return ret;",
      "    if (ret !== 0) return ret;",
    ],
    ["a map keeps its object", '  bo?.put("ioctl");\n', ""],
    ["a bind job keeps the VM", "  vm.gpuvm.put(ctx);\n", ""],
    ["a bind job does not hold the VM", '  if (typeof ctx !== "number") vm.gpuvm.get(ctx);\n', ""],
    [
      "jobs that are not pushed are forgotten",
      '  for (const ctx of jobs) machine.queueWork("panthor cleanup", () => jobCleanup(panthor, vm, ctx));\n',
      "",
    ],
    [
      "a bind job's fence is on no object",
      "  gpuvmResvAddFence(vm.gpuvm, exec, finished, USAGE_BOOKKEEP, USAGE_BOOKKEEP);\n",
      "",
    ],
    [
      "a bind job that ran is not cleaned up",
      '  panthor.machine.queueWork("panthor cleanup", () => jobCleanup(panthor, vm, ctx));\n',
      "  void jobCleanup;\n",
    ],
    ["jobs keep their locks", "    exec.fini();\n", ""],
  ]),
  ...inFile("policy-panthor/src/exec-op.ts", [
    ["an operation keeps the VM's lock", "  unlock(dev, vm.opLock);\n", ""],
    [
      "an operation does not take the VM's lock",
      '  yield* lock(dev, vm.opLock, "panthor_vm_exec_op");\n',
      "  if (dev.stepping) vm.opLock.tryAcquire(dev.current);\n",
    ],
    ["an operation does not flush", "  if (panthor.gen.regionLock) flushTlb(panthor, vm);\n", ""],
    [
      "an unmap clears nothing",
      "  if ((flags & VA_EVICTED) === 0) unmapPages(panthor, vm, vas.addr(va), vas.range(va));\n",
      "",
    ],
    [
      "an unmapped VA stays linked",
      "  gpuvaUnmap(vm.gpuvm, op.unmap);\n  yield* unlinkVma(panthor, vm, va, ctx);\n",
      "  gpuvaUnmap(vm.gpuvm, op.unmap);\n",
    ],
    [
      "the piece before a cut is not linked",
      "  if (prev !== 0) yield* linkPiece(panthor, vm, prev, vmBo, flags);\n",
      "",
    ],
    ["pieces of what was evicted are not", "  vm.gpuvm.vas.setFlags(va, flags);\n", ""],
    ["a cut mapping stays linked", "  yield* unlinkVma(panthor, vm, old, ctx);\n", ""],
    [
      "pieces go to the new object's vm_bo",
      "  const vmBo = gpuvaBo(gpuvm, old) as DrmGpuvmBo;\n",
      "  const vmBo = (ctx.vmBo ?? gpuvaBo(gpuvm, old)) as DrmGpuvmBo;\n",
    ],
    [
      "a cut clears nothing",
      "  if ((flags & VA_EVICTED) === 0) {\n    const ret = remapPages",
      "  if ((flags & VA_EVICTED) !== 0) {\n    const ret = remapPages",
    ],
    [
      "what was evicted is cut in the page tables",
      "  if ((flags & VA_EVICTED) === 0) {\n    const ret = remapPages",
      "  {\n    const ret = remapPages",
    ],
    ["a map keeps the operation's vm_bo", "  yield* dropOpVmBo(panthor, ctx);\n", "  ctx.vmBo = null;\n"],
  ]),
  ...inFile("policy-panthor/src/op-ctx.ts", [
    [
      "a map that failed is not cleaned up",
      "  if (ret !== 0) yield* cleanupOp(panthor, vm, ctx);\n  return ret;",
      "  return ret;",
    ],
    ["an operation keeps its pin", "    yield* unpinBo(bo);\n    bo.put(ctx);", "    bo.put(ctx);"],
    ["an operation keeps its object", "    yield* unpinBo(bo);\n    bo.put(ctx);", "    yield* unpinBo(bo);"],
    [
      "what was not used is not freed",
      "  for (let va = ctx.vas.pop(); va !== undefined; va = ctx.vas.pop()) gpuvaFree(vm.gpuvm, va);\n",
      "",
    ],
    ["an external object is not listed", "  yield* addExtobj(vm, vmBo);\n", ""],
    [
      "an unmap that failed is not cleaned up",
      "allocTables(panthor, ctx))) return 0;\n  yield* cleanupOp(panthor, vm, ctx);\n",
      "allocTables(panthor, ctx))) return 0;\n",
    ],
    [
      "an operation puts its object before its vm_bo",
      "  if (bo !== null && ctx.holdsBo) {\n    ctx.holdsBo = false;\n    yield* unpinBo(bo);",
      "  if (bo !== null && ctx.holdsBo) {\n    ctx.holdsBo = false;\n    bo.put(ctx);\n    yield* unpinBo(bo);",
    ],
  ]),
  ...inFile("policy-panthor/src/vm-bo.ts", [
    ["zombies are not drained", "    if (drain) yield* gpuvmBoDeferredCleanup(vm.gpuvm);\n", ""],
    [
      "an operation keeps its vm_bo",
      "    if (vmBo !== null) yield* gpuvmBoPutDeferred(vmBo, ctx);\n    if (drain)",
      "    if (drain)",
    ],
    [
      "an external object is listed without the lock",
      '  yield* lock(dev, vm.gpuvm.resv, "panthor_vm_prepare_map_op_ctx");\n  gpuvmBoExtobjAdd(vmBo);\n  unlock(dev, vm.gpuvm.resv);',
      "  if (dev.stepping) gpuvmBoExtobjAdd(vmBo);\n  else gpuvmBoExtobjAdd(vmBo);",
    ],
    [
      "a VA is linked without the object's lock",
      '  yield* lock(dev, vmBo.obj.gpuvaLock, "panthor_vma_link");\n  gpuvaLink(vm.gpuvm, va, vmBo);\n  unlock(dev, vmBo.obj.gpuvaLock);',
      "  void dev;\n  gpuvaLink(vm.gpuvm, va, vmBo);",
    ],
    [
      "an unlinked VA is not freed",
      "    yield* gpuvaUnlinkDefer(gpuvm, va);\n    gpuvaFree(gpuvm, va);\n",
      "    yield* gpuvaUnlinkDefer(gpuvm, va);\n",
    ],
  ]),
  ...inFile("policy-panthor/src/shrink.ts", [
    [
      "an eviction does not wait for the GPU",
      'if (yield* waitResvTimeout(machine, bo.resv, USAGE_BOOKKEEP, WAIT_NS, "panthor_gem_try_evict")) {',
      "{",
    ],
    ["an eviction leaves the entries", "    vm.pt.unmap(vas.addr(va), vas.range(va));\n", ""],
    ["an eviction does not tell the VM", "  gpuvmBoEvict(vmBo, true);\n", ""],
    ["an eviction does not flush", "  flushTlb(panthor, vm);\n", ""],
    ["what was evicted does not know it", "    vas.setFlags(va, vas.flags(va) | VA_EVICTED);\n", ""],
    ["an eviction keeps its locks", "  for (const lock of locks.reverse()) lock.release(dev.current);\n", ""],
    ["an eviction keeps the VMs", '  for (const vm of held) vm.gpuvm.put("shrinker");\n', ""],
    [
      "an eviction does not take the VM's lock",
      "    if (!take(gpuvm.resv) || !take(vm.opLock)) return null;",
      "    if (!take(gpuvm.resv)) return null;",
    ],
    ["an eviction keeps the object", '      bo.put("shrinker");\n', ""],
    [
      "pinned objects are evicted",
      'bo.pages !== "resident" || bo.pins > 0 || bo.imported',
      'bo.pages !== "resident" || bo.imported',
    ],
    [
      "pins are not asked for again",
      "vmBos !== null && bo.pins === 0 && bo.pages",
      "vmBos !== null && bo.pages",
    ],
  ]),
  ...inFile("policy-panthor/src/validate.ts", [
    ["what comes back has no pages", "    const ret = populate(bo);\n    if (ret !== 0) return ret;\n", ""],
    ["what comes back stays on the list", "    gpuvmBoEvict(vmBo, false);\n", ""],
    [
      "only the first mapping comes back",
      "      if (va === 0) break;\n",
      "      if (va === 0 || va !== vmBo.vaHead) break;\n",
    ],
    [
      "a mapping that comes back is not looked for again",
      "      if (vas.allocated(va) && gpuvaBo(vm.gpuvm, va) === vmBo && (vas.flags(va) & VA_EVICTED) !== 0) {",
      "      {",
    ],
  ]),
  ...inFile("policy-panthor/src/close.ts", [
    ["the end of a VM leaves its heaps", "  yield* heapPoolDestroy(panthor, vm);\n", ""],
    [
      "the end of a VM leaves its mappings",
      '  yield* unmapRange(panthor, vm, 0, vm.gpuvm.mmEnd, "teardown");\n',
      "",
    ],
    ["the end of a VM keeps its reference", "  vm.gpuvm.put(holder);\n", ""],
    [
      "the end of a file forgets its groups",
      "  for (const group of groups) groupDestroy(file, group);\n",
      "",
    ],
    [
      "the end of a file forgets its dma-bufs",
      "  for (const dmaBuf of file.exports.values()) dmaBuf.close();\n",
      "",
    ],
    [
      "a VM is destroyed before its id is gone",
      "  file.vms.delete(req.vm);\n  yield* vmDestroy(panthor, vm, file);\n",
      "  yield* vmDestroy(panthor, vm, file);\n  file.vms.delete(req.vm);\n",
    ],
    ["the file's dummy object stays", "  file.dummy?.put(file);\n", ""],
  ]),
  ...inFile("policy-panthor/src/submit.ts", [
    ["work keeps its group", '  group.kref.put("ioctl");\n', ""],
    [
      "work that failed keeps its jobs",
      "    for (const job of jobs) group.kref.put(job.name);\n    return ret;",
      "    return ret;",
    ],
    [
      "work does not bring back what was evicted",
      "  if (gen.evictable) vmExec.extra = (exec) => gpuvmValidate(vm.gpuvm, exec);\n",
      "",
    ],
    [
      "work's fence is on no object",
      '    vmExec.addFence(job.fence, USAGE_BOOKKEEP, panthor.defects.has("PA9") ? USAGE_WRITE : USAGE_BOOKKEEP);\n',
      "",
    ],
    ["a job that retires keeps its group", "  group.kref.put(job.name);\n}", "}"],
    ["work keeps its locks", "  vmExec.unlock();\n", ""],
    ["a job does not hold its group", "  group.kref.get(name);\n", ""],
  ]),
  ...inFile("policy-panthor/src/group.ts", [
    [
      "a group that goes keeps its memory",
      "    for (const kbo of this.memory.splice(0)) yield* kernelBoDestroy(panthor, kbo);\n",
      "",
    ],
    ["a group that goes keeps its VM", "    this.vm.gpuvm.put(this.kref);\n", ""],
    [
      "a group that cannot be made keeps its VM",
      '  if (!dev.mayAlloc("panthor group")) {\n    vm.gpuvm.put("ioctl");\n',
      '  if (!dev.mayAlloc("panthor group")) {\n',
    ],
    [
      "a group that cannot be made stays",
      '      group.kref.put("creator");\n      return kbo;',
      "      return kbo;",
    ],
    [
      "a group that is destroyed keeps its reference",
      "  group.destroyed = true;\n  group.kref.put(file);\n",
      "  group.destroyed = true;\n",
    ],
  ]),
  ...inFile("policy-panthor/src/kernel-bo.ts", [
    [
      "an object of the driver's own keeps its address",
      '  if (ret === 0 || !panthor.defects.has("PA1")) vm.mm.release(va, bo.size);\n  else {',
      '  if (ret !== 0 && panthor.defects.has("PA1")) {',
    ],
    [
      "an object of the driver's own keeps its VM",
      "  bo.put(owner);\n  vm.gpuvm.put(owner);\n",
      "  bo.put(owner);\n",
    ],
    [
      "an object of the driver's own stays mapped",
      '  const ret = yield* unmapRange(panthor, vm, va, bo.size, "internal");\n',
      "  const ret: Errno = va < 0 ? -1 : 0;\n",
    ],
    [
      "an object that cannot be mapped keeps its address",
      "    vm.mm.release(va, bo.size);\n  }\n  bo.put(owner);",
      "  }\n  bo.put(owner);",
    ],
  ]),
  ...inFile("policy-panthor/src/heap.ts", [
    [
      "a heap that cannot be made keeps its chunks",
      "} else for (const kbo of chunks) yield* kernelBoDestroy(panthor, kbo);",
      "}",
    ],
    [
      "a heap that goes keeps the lock",
      "  for (const kbo of chunks ?? []) yield* kernelBoDestroy(panthor, kbo);\n  unlock(dev, vm.heapLock);\n",
      "  for (const kbo of chunks ?? []) yield* kernelBoDestroy(panthor, kbo);\n",
    ],
    [
      "a heap that goes keeps its chunks",
      "  for (const kbo of chunks ?? []) yield* kernelBoDestroy(panthor, kbo);\n",
      "",
    ],
  ]),
  ...inFile("policy-panthor/src/bo.ts", [
    ["a private object keeps the VM's resv object", "  bo.rootGem?.put(bo);\n", ""],
    [
      "the first pin brings no pages",
      "    const ret = populate(bo);\n    if (ret === 0) bo.pins++;",
      "    const ret = 0;\n    bo.pins++;",
    ],
  ]),
  ...inFile("policy-panthor/src/remap-pages.ts", [
    [
      "slivers of a huge entry are not mapped again",
      "  if (next !== null && end > holeEnd)\n    return mapPages(panthor, vm, holeEnd, end - holeEnd, bo, next.offset, KIB4);\n",
      "",
    ],
  ]),
];
