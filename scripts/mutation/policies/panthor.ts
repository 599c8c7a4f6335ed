import { inFile } from "../in-file.ts";
import type { Mutant } from "../operators.ts";

/** Mistakes in panthor. */
export const PANTHOR: readonly Mutant[] = [
  ...inFile("policy-panthor/src/mmu/bind.ts", [
    ["a bind keeps the VM", '  vm.gpuvm.put("ioctl");\n  return ret;', "  return ret;"],
    [
      "a bind does not clean up",
      "    yield* cleanupOp(panthor, vm, ctx);\n    if (ret !== 0) return ret;",
      "    if (ret !== 0) return ret;",
    ],
    ["a map keeps its object", '  bo?.put("ioctl");\n', ""],
    [
      "jobs that are not pushed are forgotten",
      "  for (const job of jobs) yield* releaseBindJob(panthor, job);\n",
      "",
    ],
    [
      "a bind job's fence is on no object",
      "      gpuvmResvAddFence(vm.gpuvm, exec, base, USAGE_BOOKKEEP, USAGE_BOOKKEEP);\n",
      "",
    ],
    ["jobs keep their locks", "  exec.fini();\n", ""],
  ]),
  ...inFile("policy-panthor/src/mmu/bind-job.ts", [
    ["a bind job keeps the VM", "  job.vm.gpuvm.put(job.ctx);\n", ""],
    [
      "a bind job that ran is not cleaned up",
      '  panthor.machine.queueWork("panthor cleanup", () => releaseBindJob(panthor, job));\n',
      "  void panthor;\n",
    ],
  ]),
  ...inFile("policy-panthor/src/mmu/vm.ts", [
    ["a bind job does not hold the VM", "    vm.gpuvm.get(ctx);\n", ""],
  ]),
  ...inFile("policy-panthor/src/mmu/exec-op.ts", [
    ["an operation keeps the VM's lock", "  unlock(dev, vm.opLock);\n", ""],
    [
      "an operation does not take the VM's lock",
      '  yield* (ctx.reason === "internal" ? lockBriefly : lock)(dev, vm.opLock, "panthor_vm_exec_op");\n',
      "  if (dev.stepping) vm.opLock.tryAcquire(dev.current);\n",
    ],
    ["an operation does not flush", "  if (regionLock) unlockRegion(panthor, vm, causeOf(ctx));\n", ""],
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
  ...inFile("policy-panthor/src/mmu/prepare.ts", [
    [
      "a map that failed is not cleaned up",
      "  if (ret !== 0) yield* cleanupOp(panthor, vm, ctx);\n  return ret;",
      "  return ret;",
    ],
    ["an operation keeps its pin", "    yield* unpinBo(panthor, bo);\n    bo.put(ctx);", "    bo.put(ctx);"],
    [
      "an operation keeps its object",
      "    yield* unpinBo(panthor, bo);\n    bo.put(ctx);",
      "    yield* unpinBo(panthor, bo);",
    ],
    [
      "what was not used is not freed",
      "  for (let va = ctx.leftVa(); va !== undefined; va = ctx.leftVa()) gpuvaFree(vm.gpuvm, va);\n",
      "",
    ],
    ["an external object is not listed", "  if (vm.gpuvm.isExtobj(bo)) yield* addExtobj(vm, vmBo);\n", ""],
    [
      "an unmap that failed is not cleaned up",
      "allocTables(panthor, ctx, tables)) return 0;\n  yield* cleanupOp(panthor, vm, ctx);\n",
      "allocTables(panthor, ctx, tables)) return 0;\n",
    ],
    [
      "zombies are not drained",
      "yield* gpuvmBoDeferredCleanup(vm.gpuvm);\n",
      "void gpuvmBoDeferredCleanup;\n",
    ],
  ]),
  ...inFile("policy-panthor/src/mmu/vm-bo.ts", [
    [
      "an operation keeps its vm_bo",
      "    if (vmBo !== null) yield* gpuvmBoPutDeferred(vmBo, ctx);\n    return;",
      "    return;",
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
  ...inFile("policy-panthor/src/gem/shrink.ts", [
    [
      "an eviction does not wait for the GPU",
      'if (!(yield* waitResvTimeout(machine, bo.resv, USAGE_BOOKKEEP, WAIT_NS, "panthor_gem_try_evict")))',
      "if (WAIT_NS < 0)",
    ],
    ["an eviction leaves the entries", "      unmapPages(panthor, vm, vas.addr(va), vas.range(va));\n", ""],
    ["an eviction does not tell the VM", "    if (!vmBo.evicted) gpuvmBoEvict(vmBo, true);\n", ""],
    ["an eviction does not flush", '      unlockRegion(panthor, vm, "unmap");\n', ""],
    ["what was evicted does not know it", "      vas.setFlags(va, vas.flags(va) | VA_EVICTED);\n", ""],
    ["an eviction keeps its locks", "  for (const lock of locks) lock.release(current);\n", ""],
    ["an eviction keeps the VMs", '    vm.gpuvm.put("shrinker");\n', ""],
    [
      "an eviction does not take the VM's lock",
      "    if (!vm.opLock.tryAcquire(current)) return false;\n",
      "    vm.opLock.tryAcquire(current);\n",
    ],
    ["an eviction keeps the object", '    bo.put("shrinker");\n', ""],
  ]),
  ...inFile("policy-panthor/src/gem/reclaim.ts", [
    ["pinned objects are evicted", 'bo.pages !== "resident" || bo.pins > 0', 'bo.pages !== "resident"'],
  ]),
  ...inFile("policy-panthor/src/mmu/validate.ts", [
    ["what comes back has no pages", "    let ret = getSgtLocked(bo);\n", "    let ret: Errno = 0;\n"],
    ["what comes back stays on the list", "    gpuvmBoEvict(vmBo, false);\n", ""],
    [
      "only the first mapping comes back",
      "      if (va === 0) break;\n",
      "      if (va === 0 || va !== vmBo.vaHead) break;\n",
    ],
    [
      "a mapping that comes back is not looked for again",
      "  if (vas.allocated(va) && gpuvaBo(vm.gpuvm, va) === vmBo && (vas.flags(va) & VA_EVICTED) !== 0) {",
      "  {",
    ],
  ]),
  ...inFile("policy-panthor/src/close.ts", [
    ["the end of a VM leaves its heaps", "  yield* destroyHeaps(panthor, vm);\n", ""],
    [
      "the end of a VM leaves its mappings",
      '  yield* unmapRange(panthor, vm, 0, vm.gpuvm.mmEnd, "teardown");\n',
      "",
    ],
    ["the end of a VM keeps its reference", "  vm.gpuvm.put(holder);\n", ""],
    [
      "the end of a file forgets its groups",
      "    if (group !== undefined) yield* groupDestroy(panthor, file, group);\n",
      "",
    ],
    [
      "the end of a file forgets its dma-bufs",
      "  for (const dmaBuf of file.exports.values()) dmaBuf.close();\n",
      "",
    ],
    ["the file's dummy object stays", "  file.dummy?.put(file);\n", ""],
  ]),
  ...inFile("policy-panthor/src/sched/submit.ts", [
    [
      "work that failed keeps its jobs",
      "  if (ret !== 0) for (const { job } of entries) if (job !== null) putJob(panthor, job, job.scheduled);\n",
      "",
    ],
    [
      "work does not bring back what was evicted",
      "  if (panthor.gen.evictable) vmExec.extra = validate;\n",
      "",
    ],
    [
      "work's fence is on no object",
      '  vmExec.addFence(base, USAGE_BOOKKEEP, defects.has("PA9") ? USAGE_WRITE : USAGE_BOOKKEEP);\n',
      "",
    ],
    ["work keeps its locks", "  vmExec.unlock();\n", ""],
  ]),
  ...inFile("policy-panthor/src/sched/group.ts", [
    ["a job does not hold its group", "    this.group.kref.get(this);\n", ""],
  ]),
  ...inFile("policy-panthor/src/sched/job.ts", [
    ["a job that is freed keeps its group", "  job.group.kref.put(job);\n", ""],
  ]),
  ...inFile("policy-panthor/src/sched/term.ts", [
    ["a group that is given up leaves its jobs", "        signalDone(job, error);\n", ""],
    [
      "a group that is given up keeps its jobs",
      "    for (const job of ended) putJob(panthor, job, group.kref);\n",
      "",
    ],
  ]),
  ...inFile("policy-panthor/src/sched/requests.ts", [
    ["a group that is stopped goes on", "    stopGroup(panthor, group);\n", "    void stopGroup;\n"],
  ]),
  ...inFile("policy-panthor/src/sched/group-create.ts", [
    [
      "a group that goes keeps its memory",
      "  for (const kbo of memory.splice(0)) yield* kernelBoDestroy(panthor, kbo);\n",
      "",
    ],
    ["a group that goes keeps its VM", "  vm.gpuvm.put(kref);\n", ""],
    [
      "a group that cannot be made stays",
      '    group.kref.put("creator");\n    return ret;',
      "    return ret;",
    ],
    ["a group that is destroyed keeps its reference", "  group.kref.put(file);\n", ""],
  ]),
  ...inFile("policy-panthor/src/gem/kernel-bo.ts", [
    [
      "an object of the driver's own keeps its address",
      "    if (placed) vm.mm.release(va, bo.size);\n  } else {",
      "  } else {",
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
      "    if (va !== null && placed) vm.mm.release(va, bo.size);\n",
      "",
    ],
  ]),
  ...inFile("policy-panthor/src/heap/heap.ts", [
    ["a heap that cannot be made keeps its chunks", "  if (ret < 0) yield* freeChunks(panthor, heap);\n", ""],
    ["a heap that goes keeps its chunks", "      yield* freeChunks(panthor, heap);\n", ""],
  ]),
  ...inFile("policy-panthor/src/heap/pool-life.ts", [
    [
      "whoever wants the heaps keeps the lock",
      "  unlock(dev, vm.heapLock);\n  if (ret !== 0) return ret;",
      "  if (ret !== 0) return ret;",
    ],
  ]),
  ...inFile("policy-panthor/src/gem/bo.ts", [
    ["a private object keeps the VM's resv object", "  bo.rootGem?.put(bo);\n", ""],
  ]),
  ...inFile("policy-panthor/src/gem/backing.ts", [
    [
      "the first pin brings no pages",
      "  const ret = getPages(bo);\n  if (ret !== 0) return ret;\n  bo.pins = 1;",
      "  bo.pins = 1;",
    ],
    [
      "an import is unpinned, which nobody has pinned",
      "  if (bo.imported) return;\n  if (bo.pins > 1) {",
      "  if (bo.pins > 1) {",
    ],
  ]),
  ...inFile("policy-panthor/src/sched/run-job.ts", [
    [
      "a job that takes too long does not end its group",
      "  group.timedout = true;\n  if (group.csgId >= 0) sched.queueTick(0);\n",
      "  if (group.csgId >= 0) sched.queueTick(0);\n",
    ],
    [
      "work that takes too long is said to be done before it is out of its slot",
      "  if (group.csgId >= 0) sched.queueTick(0);\n  else {\n    group.moveTo(null);",
      "  {\n    group.moveTo(null);",
    ],
  ]),
  ...inFile("policy-panthor/src/mmu/fault.ts", [
    ["an MMU fault gives nobody up", "  panthor.sched.queueTick(0);\n", ""],
  ]),
  ...inFile("policy-panthor/src/heap/grow.ts", [
    [
      "a heap grows while it may go",
      '  yield* lock(dev, pool.lock, "panthor_heap_grow");\n',
      "  if (dev.stepping) pool.lock.tryAcquire(dev.current);\n",
    ],
  ]),
  ...inFile("policy-panthor/src/sched/reset.ts", [
    [
      "work of a group that was given up in a reset never ends",
      '    group.queueWork(group.termWork);\n  }\n  group.kref.put("walk of the groups");\n}\n',
      '  }\n  group.kref.put("walk of the groups");\n}\n',
    ],
  ]),
  ...inFile("policy-panthor/src/mmu/remap-pages.ts", [
    [
      "slivers of a huge entry are not mapped again",
      "  return next === null ? 0 : map(next.addr, next.offset, end - next.addr);\n",
      "  return 0;\n",
    ],
  ]),
];
