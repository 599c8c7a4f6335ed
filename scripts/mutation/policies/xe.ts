import { inFile } from "../in-file.ts";
import type { Mutant } from "../operators.ts";

/** Mistakes in xe. */
export const XE: readonly Mutant[] = [
  ...inFile("policy-xe/src/bind/bind.ts", [
    ["a bind keeps its objects", '  for (const bo of bos) bo?.put("ioctl");\n', ""],
    [
      "a bind keeps the VM's lock",
      '  unlock(dev, vm.lock);\n  q?.kref.put("ioctl");',
      '  q?.kref.put("ioctl");',
    ],
    [
      "a bind keeps the VM",
      '  q?.kref.put("ioctl");\n  vm.gpuvm.put("ioctl");\n',
      '  q?.kref.put("ioctl");\n',
    ],
    [
      "a bind that failed is not taken back",
      "    for (let op = ops.pop(); op !== undefined; op = ops.pop()) yield* opUnwind(op);\n",
      "",
    ],
    [
      "a bind that failed is taken back but for its last operation",
      "    for (let op = ops.pop(); op !== undefined;",
      "    ops.pop();\n    for (let op = ops.pop(); op !== undefined;",
    ],
  ]),
  ...inFile("policy-xe/src/bind/bind-ops-create.ts", [
    ["UNMAP_ALL keeps the vm_bo", '  gpuvmBoPut(vmBo, "ioctl");\n', ""],
  ]),
  ...inFile("policy-xe/src/bind/bind-execute.ts", [
    [
      "an external object is not locked",
      "  if (vma.contested) yield* exec.lockObj(vma.bo as XeBo);\n",
      "  if (vma.contested && exec.contended !== null) yield* exec.lockObj(vma.bo as XeBo);\n",
    ],
    [
      "a bind keeps its locks",
      "  else if (fence === -ENODATA) yield* opsFini(ops, syncs, null);\n  exec.fini();\n",
      "  else if (fence === -ENODATA) yield* opsFini(ops, syncs, null);\n",
    ],
    [
      "an unbound VMA goes before its entries have",
      "      yield* vmaDestroy(op.old as XeVma, fence);\n",
      "      yield* vmaDestroy(op.old as XeVma, fence === null ? fence : null);\n",
    ],
    ["an unbound VMA is kept", "      yield* vmaDestroy(op.old as XeVma, fence);\n", "      void fence;\n"],
    [
      "what failed to be written is not taken back",
      '  if (typeof fence === "number") updateOpsAbort(vm, work);\n',
      "",
    ],
  ]),
  ...inFile("policy-xe/src/bind/bind-op.ts", [
    [
      "the piece before a cut is not in the tree",
      "    const ret = insertVma(prev);\n    if (ret !== 0) return ret;\n    op.prevCommitted = true;",
      "    op.prevCommitted = true;",
    ],
    [
      "a cut that is taken back keeps its new range",
      "      op.old.setRange(op.oldStart, op.oldRange);\n",
      "",
    ],
    ["what is taken back is not put back", "      if (op.committed) insertVma(op.old);\n", ""],
    [
      "a map that is taken back stays",
      "      if (op.map !== null) yield* destroyPiece(op.map, op.committed);\n",
      "",
    ],
    [
      "the piece behind a cut does not know that it is bound",
      "    if (op.skipNext) next.tilePresent = old.tilePresent;\n",
      "",
    ],
    ["what is cut goes whole", "      op.range -= vma.end - start;\n      op.start = vma.end;\n", ""],
  ]),
  ...inFile("policy-xe/src/pt/update-ops.ts", [
    ["an unbind does not flush", '  work.needsInvalidation = "unmap";\n', ""],
    [
      "what is cut is not unbound",
      "      unbindOpPrepare(work, op.old as XeVma);\n      if (op.prev",
      "      if (op.prev",
    ],
    [
      "a bind's fence is not on the external object",
      "  for (const fence of fences) vma.bo?.resv.addFence(fence, work.q.usage(work.waitVmBookkeep));\n",
      "",
    ],
  ]),
  ...inFile("policy-xe/src/pt/update-run.ts", [
    [
      "a bind does not wait for what overlaps",
      "if (range.start <= work.last && work.start <= range.last) out.push(range.fence);",
      "if (range.start > work.last) out.push(range.fence);",
    ],
    ["an unbind clears nothing", "      pt.clear(start, end - start);\n", ""],
    [
      "a bind's fence is not on the VM",
      "  for (const fence of fences) vm.gpuvm.resv.addFence(fence, q.usage(work.waitVmBookkeep));\n",
      "",
    ],
    [
      "a rewrite does not wait for the work",
      "const usage = work.waitVmBookkeep ? USAGE_BOOKKEEP : USAGE_KERNEL;",
      "const usage = USAGE_KERNEL;",
    ],
    ["an invalidation keeps its queue", "        q.kref.put(holder);\n", ""],
    ["an invalidation keeps its VM", "        vm.gpuvm.put(holder);\n", ""],
    ["one GT is not told", "        if (--left === 0) vm.pt.forget();\n", "        left--;\n"],
  ]),
  ...inFile("policy-xe/src/pt/zap.ts", [
    ["entries that go with a fault VM's object stay", "  pt.clear(vma.start, vma.end - vma.start);\n", ""],
  ]),
  ...inFile("policy-xe/src/exec/tlb-inval-queue.ts", [
    [
      "a flush does not wait for the entries",
      "    if (!job.after.signaled) {",
      "    if (job.after.signaled && this.running) {",
    ],
  ]),
  ...inFile("policy-xe/src/vm/vma-life.ts", [
    [
      "a VMA that goes keeps its object",
      "  if (bo !== null) bo.put(vma);\n  else vm.gpuvm.put(vma);",
      "  if (bo === null) vm.gpuvm.put(vma);",
    ],
    [
      "a VMA without object keeps the VM",
      "  if (bo !== null) bo.put(vma);\n  else vm.gpuvm.put(vma);",
      "  if (bo !== null) bo.put(vma);",
    ],
    ["a VMA does not hold its object", "    bo.get(vma);\n", ""],
    [
      "a VMA's maker keeps the vm_bo",
      '    gpuvaLink(gpuvm, va, vmBo);\n    gpuvmBoPut(vmBo, "ioctl");\n',
      "    gpuvaLink(gpuvm, va, vmBo);\n",
    ],
    ["an external object is not listed", "    gpuvmBoExtobjAdd(vmBo);\n", ""],
    ["a VMA that goes stays linked", "    gpuvaUnlink(vm.gpuvm, vma.va);\n", ""],
    [
      "a VMA that cannot be linked stays allocated",
      "    if (vmBo === null) {\n      gpuvaFree(gpuvm, va);\n",
      "    if (vmBo === null) {\n",
    ],
    [
      "a VMA is made without its object's lock",
      "    yield* exec.lockObj(obj);\n  }\n  const vma",
      "  }\n  const vma",
    ],
    [
      "a VMA that goes does not lock its object",
      "    if (vma.contested) yield* exec.lockObj(vma.bo as XeBo);\n",
      "",
    ],
    ["a VMA is never freed", "  gpuvaFree(vm.gpuvm, va);\n}", "}"],
    [
      "a new object may move under running queues",
      '  if (typeof vma !== "number" && vma.contested) addPreemptFences(vm, vma.bo as XeBo);\n',
      "",
    ],
  ]),
  ...inFile("policy-xe/src/close.ts", [
    [
      "the end of a VM does not wait for its work",
      '  yield* waitIdle(dev, vm.gpuvm.resv, "xe_vm_close");\n',
      "",
    ],
    ["the end of a VM leaves entries", "  vm.pt.clearRoot();\n", ""],
    ["the end of a VM keeps its bind queue", "  vm.q?.kref.put(gpuvm);\n", ""],
    [
      "the end of a VM forgets contested VMAs",
      "  for (const vma of contested) yield* vmaDestroyUnlocked(vma);\n",
      "",
    ],
    [
      "the end of a VM destroys contested VMAs without their lock",
      "    if (vma.contested) contested.push(vma);\n    else yield* vmaDestroy(vma, null);",
      "    yield* vmaDestroy(vma, null);",
    ],
    ["the end of a VM keeps its reference", "  gpuvm.put(holder);\n", ""],
    [
      "a VM is destroyed before its id is gone",
      "  file.vms.delete(req.vm);\n  yield* vmCloseAndPut(xe, vm, file);\n",
      "  yield* vmCloseAndPut(xe, vm, file);\n  file.vms.delete(req.vm);\n",
    ],
    ["the end of a file forgets its queues", "    queue.kref.put(file);\n", ""],
    ["the end of a file keeps the file", '  file.kref.put("device");\n', ""],
    ["the end of a VM keeps its dma_resv locked", "  unlock(dev, gpuvm.resv);\n", ""],
  ]),
  ...inFile("policy-xe/src/vm/validate.ts", [
    ["an eviction keeps the lock", "    if (locked) unlock(dev, bo.resv);\n", ""],
    [
      "what is mapped in the VM that is made resident is evicted for it",
      "  if (validating === null) return true;\n",
      "  if (validating !== undefined) return true;\n",
    ],
    [
      "by force, pages are taken before VRAM is made free",
      "places.includes(place) && !isFallback(place, places);",
      "false;",
    ],
  ]),
  ...inFile("policy-xe/src/memory/migrate.ts", [
    [
      "a copy does not wait for the object's users",
      "  return submit(xe, bo, USAGE_BOOKKEEP);\n",
      "  return submit(xe, bo, USAGE_KERNEL);\n",
    ],
    ["a copy is nobody's to wait for", "  bo.resv.addFence(fence, USAGE_KERNEL);\n", ""],
  ]),
  ...inFile("policy-xe/src/memory/budget.ts", [
    ["the budget is not given back", "    this.used -= bytes;\n", ""],
    [
      "the budget is charged twice",
      "    this.used += bytes;\n    return true;",
      "    this.used += 2 * bytes;\n    return true;",
    ],
  ]),
  ...inFile("policy-xe/src/memory/move.ts", [
    ["an eviction does not tell the VMs", "      gpuvmBoEvict(vmBo, true);\n", ""],
    [
      "an eviction does not wait for the GPU",
      '  yield* waitIdle(xe.machine.dev, bo.resv, "xe_bo_move");\n',
      "",
    ],
  ]),
  ...inFile("policy-xe/src/memory/shrinker.ts", [
    ["the shrinker keeps the object", '  bo.put("shrinker");\n', ""],
    ["the shrinker keeps the lock", "      unlock(dev, bo.resv);\n", ""],
    ["imports are evicted", "  if (bo.imported || (purging", "  if ((purging"],
  ]),
  ...inFile("policy-xe/src/exec/exec.ts", [
    [
      "work keeps its queue",
      '!xe.defects.has("X9")) queue.kref.put("ioctl");',
      '!xe.defects.has("X9")) void queue;',
    ],
    ["work's fence is on no object", "  vmExec.addFence(job.fence, USAGE_BOOKKEEP, USAGE_BOOKKEEP);\n", ""],
    [
      "work does not wait for rebinds",
      "  pushJob(queue, job, after);\n",
      "  pushJob(queue, job, after.slice(0, 0));\n",
    ],
    [
      "work does not bring back what was evicted",
      "  vmExec.extra = (exec) => validateRebind(vm, exec, 1);\n",
      "",
    ],
    ["work keeps its locks", "  vmExec.unlock();\n", ""],
    ["work keeps the VM's lock", "    unlock(dev, vm.lock);\n  } while", "  } while"],
  ]),
  ...inFile("policy-xe/src/exec/job.ts", [
    ["a job that retires keeps its queue", "    this.queue.kref.put(this.name);\n", ""],
    ["a job does not hold its queue", "  queue.kref.get(name);\n", ""],
  ]),
  ...inFile("policy-xe/src/vm/rebind.ts", [
    ["what comes back is not bound again", "    vm.rebindList.add(vma);\n", ""],
    [
      "what comes back has no pages",
      "    const ret = yield* validateBo(bo, vm, false);\n    if (ret !== 0) return ret;\n",
      "",
    ],
    ["what came back stays evicted", "  vmBo.evicted = false;\n", ""],
  ]),
  ...inFile("policy-xe/src/exec/exec-queue.ts", [
    ["a queue that goes keeps its VM", "    this.vm.gpuvm.put(this.kref);\n", ""],
    ["a queue that goes keeps its file", "    file.kref.put(this.kref);\n", ""],
  ]),
  ...inFile("policy-xe/src/exec/queue-kill.ts", [
    ["a queue that is killed keeps its last reference", "  queue.kref.put(holder);\n", ""],
  ]),
  ...inFile("policy-xe/src/exec/queue.ts", [
    [
      "a queue that is destroyed keeps its reference",
      "  yield* queueKill(queue);\n  queue.kref.put(file);\n",
      "  yield* queueKill(queue);\n",
    ],
    ["a queue's maker keeps the VM", '  vm.gpuvm.put("ioctl");\n', ""],
  ]),
  ...inFile("policy-xe/src/preempt/preempt.ts", [
    ["a preempted queue is not protected again", "    exec.addFence(pfence, USAGE_BOOKKEEP);\n", ""],
    ["a queue starts without protection", "  exec.addFence(fence, USAGE_BOOKKEEP);\n", ""],
    ["a queue that goes leaves its fence unsignalled", "  queue.pfence?.enable();\n", ""],
  ]),
  ...inFile("policy-xe/src/memory/bo.ts", [
    [
      "memory is given back while jobs use it",
      "if (bo.resv.busy(USAGE_BOOKKEEP) === null) release(bo);",
      "if (bo.dev !== null) release(bo);",
    ],
    ["a private object keeps its VM", "  bo.vm?.gpuvm.put(bo);\n", ""],
  ]),
  ...inFile("policy-xe/src/memory/gem.ts", [
    ["a new object's maker keeps the VM", '  vm?.gpuvm.put("ioctl");\n', ""],
    ["a new object's maker keeps the VM's lock", "  if (vm !== null) unlock(dev, vm.gpuvm.resv);\n", ""],
  ]),
  ...inFile("policy-xe/src/vm/madvise.ts", [
    ["madvise keeps the object", '  bo.put("ioctl");\n  return 0;', "  return 0;"],
    ["madvise keeps the VM", '  vm.gpuvm.put("ioctl");\n  return answer;', "  return answer;"],
  ]),
  ...inFile("policy-xe/src/memory/prime.ts", [
    ["a private object leaves its VM", "  if (bo.vm !== null) return -EPERM;\n", ""],
  ]),
  ...inFile("policy-xe/src/memory/meminfo.ts", [
    [
      "fdinfo keeps the objects",
      '    yield* preempt(dev, "preempt", "show_meminfo");\n    bo.put("fdinfo");\n  }\n}',
      "    void bo;\n  }\n}",
    ],
  ]),
];
