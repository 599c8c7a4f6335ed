import { inFile } from "../in-file.ts";
import type { Mutant } from "../operators.ts";

/** Mistakes in powervr. */
export const POWERVR: readonly Mutant[] = [
  ...inFile("policy-powervr/src/vm/bind-ioctl.ts", [
    ["a map keeps its object", '  bo.put("ioctl");\n', ""],
    ["a bind keeps its VM", '    yield* putVmContext(ctx, "ioctl");\n', ""],
    ["a bind does not hold its VM", '    ctx.get("ioctl");\n', "    ctx.refs += 0;\n"],
  ]),
  ...inFile("policy-powervr/src/vm/map.ts", [
    [
      "a map keeps its second reference",
      '  yield* finishBindOp(op, bo);\n  bo.put("ioctl");\n',
      "  yield* finishBindOp(op, bo);\n",
    ],
    ["a map keeps the VM's lock", "  if (locksToMap) unlock(dev, ctx.lock);\n", ""],
    [
      "a map does not take the VM's lock",
      '    if (dev.stopsAt(ctx.lock, "pvr_vm_map")) yield dev.point;\n    ctx.lock.acquire(dev.current);\n',
      "    ctx.lock.tryAcquire(dev.current);\n",
    ],
    [
      "a map keeps its locks",
      "    ret = gpuvmSmMap(vm, op, { addr, range: size, obj: bo, offset });\n    exec.unlock();\n",
      "    ret = gpuvmSmMap(vm, op, { addr, range: size, obj: bo, offset });\n",
    ],
    [
      "a map that failed gives nothing back",
      "    yield* finishBindOp(op, bo);\n    return ret;\n",
      "    return ret;\n",
    ],
    [
      "a map does not lock what it cuts",
      "    const ret = yield* exec.lockObj(gpuvaObj(vm, va) as PvrBo);\n    if (ret !== 0) return ret;\n",
      "",
    ],
    [
      "the object's list is read without its lock",
      '  if (dev.stopsAt(bo.resv, "pvr_vm_bind_op_map_init")) yield dev.point;\n  bo.resv.acquire(dev.current);\n  const vmBo = gpuvmBoObtain(vm, bo, "ioctl");\n  unlock(dev, bo.resv);\n',
      '  const vmBo = gpuvmBoObtain(vm, bo, "ioctl");\n',
    ],
  ]),
  ...inFile("policy-powervr/src/vm/bind-op.ts", [
    ["a map keeps the vm_bo", '    gpuvmBoPut(op.vmBo, "ioctl");\n', ""],
    [
      "what was not used is not freed",
      "  if (op.newVa !== 0) gpuvaFree(vm, op.newVa);\n  if (op.prevVa !== 0) gpuvaFree(vm, op.prevVa);\n  if (op.nextVa !== 0) gpuvaFree(vm, op.nextVa);\n",
      "",
    ],
    ["a change of the page tables is never told to the caches", "  op.mmu?.destroy();\n", ""],
  ]),
  ...inFile("policy-powervr/src/vm/unmap.ts", [
    ["an unmap does not hold its object", '  bo?.get("ioctl");\n', ""],
    ["an unmap does not lock its object", "  if (bo !== null) exec.extra = lockObject;\n", ""],
    [
      "an unmap keeps its locks",
      "    ret = gpuvmSmUnmap(ctx.vm, op, addr, size);\n    exec.unlock();\n",
      "    ret = gpuvmSmUnmap(ctx.vm, op, addr, size);\n",
    ],
    [
      "an unmap keeps the VM's lock",
      '  const ret = yield* unmapExactLocked(ctx, addr, size, "program");\n  unlock(dev, ctx.lock);\n',
      '  const ret = yield* unmapExactLocked(ctx, addr, size, "program");\n',
    ],
    [
      "the mapping is looked up before the lock",
      '  if (dev.stopsAt(ctx.lock, "pvr_vm_unmap")) yield dev.point;\n  ctx.lock.acquire(dev.current);\n  const ret = yield* unmapExactLocked(ctx, addr, size, "program");\n',
      '  const va = gpuvaFind(ctx.vm, addr, size);\n  if (va === 0) return -ENOENT;\n  const seen = gpuvaObj(ctx.vm, va) as PvrBo;\n  if (dev.stopsAt(ctx.lock, "pvr_vm_unmap")) yield dev.point;\n  ctx.lock.acquire(dev.current);\n  const ret = yield* unmapRange(ctx, seen, addr, size, "program");\n',
    ],
    [
      "an unmap keeps its object",
      '  bo?.put("ioctl");\n  yield* finishBindOp(op, null);',
      "  yield* finishBindOp(op, null);",
    ],
  ]),
  ...inFile("policy-powervr/src/mmu/op-context.ts", [
    ["an unmap does not flush", "      if (!this.maps) mmu.caches.flush(this.cause);\n", ""],
    ["a change is not noted for the caches", "      mmu.caches.setStale(level);\n", ""],
  ]),
  ...inFile("policy-powervr/src/vm/steps.ts", [
    ["an unmap clears nothing", "  bind.mmu?.unmap(vm.vas.addr(va), vm.vas.range(va));\n", ""],
    ["a cut clears nothing", "  bind.mmu?.unmap(hole.start, hole.range);\n", ""],
    [
      "a cut clears the whole mapping",
      "  bind.mmu?.unmap(hole.start, hole.range);\n",
      "  bind.mmu?.unmap(vm.vas.addr(va), vm.vas.range(va) + 0 * hole.range);\n",
    ],
    [
      "a new mapping is not linked",
      "  gpuvaLink(vm, bind.newVa, bind.vmBo as DrmGpuvmBo);\n  bind.newVa",
      "  bind.newVa",
    ],
    ["the piece behind a cut is not linked", "      rulesOf(pvr).linkPiece(ctx, bind.nextVa, owner);\n", ""],
    ["a cut mapping stays", "  });\n  unlinkAndFree(ctx, va);\n", "  });\n"],
    ["a VA that was used is freed again", "  bind.newVa = 0;\n", ""],
  ]),
  ...inFile("policy-powervr/src/vm/vm-life.ts", [
    ["the end of a VM leaves its mappings", "  yield* unmapAll(ctx);\n", ""],
    [
      "the end of a VM keeps it",
      '  if (!ctx.vm.put("creator")) rulesOf(pvr).outlived(ctx);\n',
      "  if (ctx.vm.refs === 0) rulesOf(pvr).outlived(ctx);\n",
    ],
    [
      "the end of a VM keeps what the firmware knows of it",
      "  if (ctx.fwMemCtx !== null) yield* destroyFwObject(pvr, ctx.fwMemCtx, ctx);\n",
      "",
    ],
  ]),
  ...inFile("policy-powervr/src/vm/vm-context.ts", [
    ["a VM keeps its resv object", '    dummy.put("creator");\n', ""],
  ]),
  ...inFile("policy-powervr/src/queue/kept-contexts.ts", [
    ["the end of a file keeps what it looked at", '    yield* ctx.put("ioctl");\n', ""],
  ]),
  ...inFile("policy-powervr/src/queue/context.ts", [
    ["a context that goes keeps its VM", "  yield* putVmContext(ctx.vmCtx, ctx);\n}", "}"],
    [
      "a context that goes keeps its memory",
      "  if (ctx.fw !== null) yield* destroyFwObject(pvr, ctx.fw, ctx);\n",
      "",
    ],
    [
      "a context that goes keeps its queues",
      "  for (const queue of queuesFromLast(ctx)) yield* destroyQueue(queue);\n",
      "",
    ],
    ["a context does not hold its VM", "  vmCtx.get({ name });\n", ""],
    [
      "a context that cannot be made keeps its VM",
      "    yield* putVmContext(vmCtx, ctx);\n    return fw;",
      "    return fw;",
    ],
    [
      "a context that cannot be made keeps its queues",
      "    for (const queue of queuesFromLast(ctx)) yield* destroyQueue(queue, true);\n",
      "",
    ],
    ["a context that went is still on its file's list", "  ctx.made.delete(ctx);\n", ""],
    [
      "a context that is closed goes on",
      "  for (const queue of queuesFromLast(ctx)) yield* killQueue(queue, by);\n",
      "",
    ],
    ["a context that is closed keeps its reference", "  yield* ctx.put(holder);\n}", "}"],
  ]),
  ...inFile("policy-powervr/src/queue/pvr-context.ts", [
    ["a context is held without being counted", "    this.refs++;\n", ""],
  ]),
  ...inFile("policy-powervr/src/queue/queue-life.ts", [
    [
      "a queue that is killed keeps its last fence",
      "  queue.lastQueued?.put(queue);\n  queue.lastQueued = null;\n",
      "",
    ],
    ["a queue that is killed takes jobs", "  yield* queue.entity.destroy(by);\n", ""],
    [
      "a queue that goes keeps its ring",
      "  yield* destroyFwObject(pvr, regState, queue);\n  yield* destroyCccb(pvr, cccb, queue);\n",
      "  yield* destroyFwObject(pvr, regState, queue);\n",
    ],
    [
      "a queue that goes keeps its timeline mapped",
      "  yield* unmapAndDestroyFwObject(pvr, timelineUfo, queue);\n",
      "  yield* destroyFwObject(pvr, timelineUfo, queue);\n",
    ],
  ]),
  ...inFile("policy-powervr/src/queue/queue-ops.ts", [
    [
      "a fragment job keeps its geometry job",
      "  if (job.type === FRAGMENT && paired !== null && rulesOf(job.ctx.pvr).holdsPaired) yield* putJob(paired);\n",
      "",
    ],
    ["a job that is freed keeps its entity's reference", "  yield* putJob(job);\n}", "}"],
  ]),
  ...inFile("policy-powervr/src/queue/pair.ts", [
    [
      "a fragment job does not hold its geometry job",
      "    if (rulesOf(geometry.ctx.pvr).holdsPaired) geometry.refs++;\n",
      "",
    ],
  ]),
  ...inFile("policy-powervr/src/queue/queue-done.ts", [
    [
      "a job that waited for room keeps its reference",
      "  fence.put(job);\n  yield* putJob(job);\n",
      "  fence.put(job);\n",
    ],
    [
      "a job is done when the one before it is",
      "queue.doneSeqno < doneFence.base.seqno",
      "queue.doneSeqno + 1 < doneFence.base.seqno",
    ],
  ]),
  ...inFile("policy-powervr/src/close.ts", [
    [
      "the end of a file keeps its contexts",
      "yield* destroyContext(ctx, file.flusher, file.holder);\n",
      "void ctx;\n",
    ],
    ["the end of a file keeps its VMs", "yield* putVmContext(ctx, file.holder);\n", "void ctx;\n"],
    ["the end of a file keeps its syncobjs", "  releaseSyncobjs(file);\n", ""],
    [
      "the end of a file forgets its dma-bufs",
      "  for (const handle of [...file.exported.keys()]) file.closeExport(handle);\n",
      "",
    ],
    [
      "the end of a file keeps its free lists",
      "yield* putFreeList(pvr, list, file.holder);\n",
      "void list;\n",
    ],
    [
      "the end of a file keeps its render targets",
      "yield* putHwrt(pvr, hwrt, file.holder);\n",
      "void hwrt;\n",
    ],
  ]),
  ...inFile("policy-powervr/src/queue/job.ts", [
    ["a job that retires keeps its fence", "  job.doneFence?.put(job);\n", ""],
    ["a job that retires keeps its context", "  yield* job.ctx.put(job);\n", ""],
    [
      "a job keeps its render target",
      "  if (job.hwrt !== null) yield* putHwrt(pvr, job.hwrt.dataset, job);\n",
      "",
    ],
  ]),
  ...inFile("policy-powervr/src/queue/create-job.ts", [
    ["a job does not hold its context", "  ctx.get(name);\n", ""],
    ["a job does not hold its render target", "  if (hwrt !== null) getHwrt(pvr, hwrt.dataset, name);\n", ""],
    [
      "a job that cannot be made keeps its context",
      "  yield* ctx.put(name);\n  return ret;",
      "  return ret;",
    ],
    ["a context at fault takes jobs", "  if (ret === 0 && ctx.faulty) ret = -EIO;\n", ""],
  ]),
  ...inFile("policy-powervr/src/queue/submit.ts", [
    ["jobs are kept", "  for (const job of jobs) yield* putJob(job);\n", ""],
    ["a job does not flush", '    pvr.caches.flush("submit");\n', ""],
    ["jobs keep their locks", "  exec.fini();\n", ""],
    ["a queue keeps each last fence", "    queue.lastQueued?.put(queue);\n", ""],
    ["an entity's job is not counted", "  job.refs++;\n", ""],
    ["a render target is not locked", "ret = yield* exec.prepareObj(hwrt.fw.bo, jobs.length);", "ret = 0;"],
  ]),
  ...inFile("policy-powervr/src/userspace/implicit-sync.ts", [
    ["a shared buffer stays locked", "    unlock(dev, bo.resv);\n", ""],
  ]),
  ...inFile("policy-powervr/src/gem/bo.ts", [
    [
      "a freed object keeps its fences",
      "    if (this.fences !== null) for (const fence of [...this.fences.keys()]) this.#drop(fence);\n",
      "",
    ],
    ["a fence that is replaced is kept", "    counted?.put(this);\n", ""],
    ["a fence is not counted", "    fence.get(this);\n", ""],
  ]),
  ...inFile("policy-powervr/src/queue/queue-fence.ts", [
    ["a fence does not hold its context", "    ctx.get(this);\n", ""],
  ]),
  ...inFile("policy-powervr/src/driver.ts", [
    [
      "a VM is put before its id is gone",
      "      const ctx = file.vmContexts.erase(request.vm);\n      if (ctx === undefined) return -EINVAL;\n      yield* putVmContext(ctx, file.holder);\n",
      "      const ctx = file.vmContexts.get(request.vm);\n      if (ctx === undefined) return -EINVAL;\n      yield* putVmContext(ctx, file.holder);\n      file.vmContexts.erase(request.vm);\n",
    ],
    [
      "a context that is closed keeps its handle's reference",
      "      yield* destroyContext(ctx, file.flusher, file.holder);\n",
      "",
    ],
    ["a submit keeps the last job's fence", '  last.put("ioctl");\n', ""],
    ["a context's maker keeps the VM", '  yield* putVmContext(vmCtx, "ioctl");\n', ""],
    [
      "the driver's end keeps the firmware's VM",
      "      if (pvr.kernelVm !== null) yield* putVmContext(pvr.kernelVm as PvrVmContext, device);\n",
      "",
    ],
  ]),
  ...inFile("policy-powervr/src/gem/fw-object.ts", [
    [
      "an object of the firmware's keeps its address",
      "  pvr.fwMm.release(addr, bo.size);\n  bo.put(holder);\n}",
      "  bo.put(holder);\n}",
    ],
    [
      "an object of the firmware's that cannot be mapped stays",
      "  pvr.fwMm.release(addr, bo.size);\n  bo.put(holder);\n  return ret;",
      "  pvr.fwMm.release(addr, bo.size);\n  return ret;",
    ],
    [
      "an object of the firmware's stays mapped",
      '  const ret = yield* unmapExactLocked(vm, addr, bo.size, "teardown");\n',
      "  const ret: Errno = vm === null ? -1 : 0;\n",
    ],
  ]),
  ...inFile("policy-powervr/src/tiler/free-list.ts", [
    ["a free list that goes keeps its buffer", "  list.list.put(list);\n", ""],
    [
      "a free list that goes keeps its pages",
      "  for (const block of list.blocks.splice(0)) block.put(list);\n",
      "",
    ],
    [
      "a free list that cannot be made keeps its buffer",
      "    list.put(self);\n    return fw;",
      "    return fw;",
    ],
  ]),
  ...inFile("policy-powervr/src/tiler/hwrt.ts", [
    [
      "a render target that goes keeps its free lists",
      "  for (const list of hwrt.freeLists) yield* putFreeList(pvr, list, hwrt);\n",
      "",
    ],
  ]),
];
