import type { Mutant } from "../operators.ts";
import { inFile } from "./table.ts";

/** Mistakes in xe. */
export const XE: readonly Mutant[] = [
  ...inFile("policy-xe/src/bind.ts", [
    ["a bind keeps its objects", '  for (const bo of bos) bo?.put("ioctl");\n', ""],
    ["a bind keeps the VM's lock", "  unlock(dev, vm.lock);\n  if (fence !== null", "  if (fence !== null"],
    [
      "a bind answers before it is done",
      '  if (fence !== null && (req.syncs ?? 0) === 0) yield* waitFence(dev, fence, "xe_vm_bind_ioctl");\n',
      "",
    ],
    [
      "a bind keeps the VM",
      '  vm.gpuvm.put("ioctl");\n  return ret;\n}\n\n/** Before',
      "  return ret;\n}\n\n/** Before",
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
    ["UNMAP_ALL keeps the vm_bo", '  gpuvmBoPut(vmBo, "ioctl");\n', ""],
    [
      "an external object is not locked",
      "    if (vma.bo.vm === null) {\n      yield* exec.lockObj(vma.bo);\n      if (exec.contended !== null) return 0;\n    }\n",
      "",
    ],
    [
      "a bind keeps its locks",
      "    else for (const op of ops) fini(op, fence);\n  }\n  exec.fini();\n",
      "    else for (const op of ops) fini(op, fence);\n  }\n",
    ],
    [
      "an unbound VMA goes before its entries have",
      "  if (op.old?.destroyed) vmaDestroy(op.old, fence);\n",
      "  if (op.old?.destroyed) vmaDestroy(op.old, fence === null ? fence : null);\n",
    ],
    ["what is cut is not unbound", "  update.unbind(old);\n", ""],
    [
      "an unbound VMA is kept",
      "  if (op.old?.destroyed) vmaDestroy(op.old, fence);\n",
      "  void fence;\n  void op;\n",
    ],
  ]),
  ...inFile("policy-xe/src/bind-op.ts", [
    [
      "the piece before a cut is not in the tree",
      "    const ret = insertVma(prev);\n    if (ret !== 0) return ret;\n    op.prevCommitted = true;",
      "    op.prevCommitted = true;",
    ],
    [
      "a cut that is taken back keeps its new range",
      "  if (op.base.op === DRM_GPUVA_OP_REMAP) old.setRange(op.oldStart, op.oldRange);\n",
      "",
    ],
    ["what is taken back is not put back", "  insertVma(old);\n", ""],
    [
      "a map that is taken back stays",
      "    prepVmaDestroy(op.map, op.committed);\n    yield* vmaDestroyUnlocked(op.map);\n",
      "",
    ],
    [
      "the piece behind a cut does not know that it is bound",
      "    if (op.skipNext) next.present = old.present;\n",
      "",
    ],
    ["what is cut goes whole", "      op.range -= cut - start;\n      op.start = cut;\n", ""],
  ]),
  ...inFile("policy-xe/src/pt.ts", [
    ["an unbind does not flush", "    this.invalidates = true;\n", ""],
    [
      "a bind does not wait for what overlaps",
      "for (const range of vm.ranges) if (range.start < end && start < range.end) out.push(range.fence);",
      "for (const range of vm.ranges) if (range.start > end) out.push(range.fence);",
    ],
    [
      "an unbind clears nothing",
      "    if (!bind) pt.unmap(start, length);\n",
      "    if (!bind) void length;\n",
    ],
    [
      "a bind's fence is not on the external object",
      "  for (const { vma } of update.ops) if (vma.bo !== null && vma.contested) vma.bo.resv.addFence(done, usage);\n",
      "",
    ],
    ["a bind's fence is not on the VM", "  gpuvm.resv.addFence(done, usage);\n", ""],
    [
      "a flush does not wait for the entries",
      "after: [written], finished: done",
      "after: [], finished: done",
    ],
    [
      "a rewrite does not wait for the work",
      "  const usage = update.waitBookkeep ? USAGE_BOOKKEEP : USAGE_KERNEL;\n  const out",
      "  const usage = USAGE_KERNEL;\n  const out",
    ],
    ["entries that go with a fault VM's object stay", "  vm.pt.unmap(vma.start, vma.end - vma.start);\n", ""],
  ]),
  ...inFile("policy-xe/src/vma.ts", [
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
    ["a VMA that goes stays on the rebind list", "  vm.rebindList.delete(vma);\n", ""],
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
      "  if (vma?.contested) addPreemptFences(vm, vma.bo as XeBo);\n",
      "",
    ],
  ]),
  ...inFile("policy-xe/src/close.ts", [
    [
      "the end of a VM does not wait for its work",
      '  yield* waitIdle(dev, gpuvm.resv, "xe_vm_close");\n',
      "",
    ],
    ["the end of a VM leaves entries", "  vm.pt.unmap(0, gpuvm.mmEnd);\n", ""],
    ["the end of a VM does not flush", '  vm.pt.flush("close");\n', ""],
    [
      "the end of a VM forgets contested VMAs",
      "  for (const vma of contested) yield* vmaDestroyUnlocked(vma);\n",
      "",
    ],
    [
      "the end of a VM destroys contested VMAs without their lock",
      "    if (vma.contested) contested.push(vma);\n    else vmaDestroy(vma, null);",
      "    vmaDestroy(vma, null);",
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
  ...inFile("policy-xe/src/evict.ts", [
    ["an eviction does not tell the VMs", "      gpuvmBoEvict(vmBo, true);\n", ""],
    ["an eviction does not wait for the GPU", '    yield* waitIdle(dev, resv, "xe_bo_shrink");\n', ""],
    ["the shrinker keeps the object", '      bo.put("shrinker");\n', ""],
    ["the shrinker keeps the lock", "  unlock(dev, resv);\n  return done;", "  return done;"],
    ["imports are evicted", " || bo.pins > 0 || bo.imported) continue;", " || bo.pins > 0) continue;"],
  ]),
  ...inFile("policy-xe/src/exec.ts", [
    [
      "work keeps its queue",
      '!xe.defects.has("X9")) queue.kref.put("ioctl");',
      '!xe.defects.has("X9")) void queue;',
    ],
    [
      "work's fence is on no object",
      "      vmExec.addFence(job.fence, USAGE_BOOKKEEP, USAGE_BOOKKEEP);\n",
      "",
    ],
    [
      "work does not wait for rebinds",
      "      push(xe, queue, job, req, after);\n",
      "      push(xe, queue, job, req, after.slice(0, 0));\n",
    ],
    [
      "work does not bring back what was evicted",
      "  vmExec.extra = (exec) => validateRebind(vm, exec, 1);\n",
      "",
    ],
    ["a job that retires keeps its queue", "  queue.kref.put(job.name);\n", ""],
    ["a job does not hold its queue", "  queue.kref.get(name);\n", ""],
    ["work keeps its locks", "    vmExec.unlock();\n", ""],
    [
      "work on a closed VM keeps its lock",
      "  if (vm.size === 0) {\n    unlock(dev, vm.lock);\n",
      "  if (vm.size === 0) {\n",
    ],
  ]),
  ...inFile("policy-xe/src/rebind.ts", [
    ["what comes back is not bound again", "      if (vma !== undefined) vm.rebindList.add(vma);\n", ""],
    [
      "what comes back has no pages",
      "      const ret = validateBo(bo);\n      if (ret !== 0) return ret;\n",
      "",
    ],
    ["what came back stays evicted", "    vmBo.evicted = false;\n", ""],
  ]),
  ...inFile("policy-xe/src/queue.ts", [
    [
      "a queue is public before it is whole",
      '    if (queue.engineClass !== CLASS_VM_BIND) yield* addComputeQueue(vm, queue);\n    yield* preempt(dev, "publish", "xe_exec_queue_create_ioctl");\n    dev.ledger?.move(queue.kref, "creator", file);\n    file.queues.set(req.queue, queue);',
      '    dev.ledger?.move(queue.kref, "creator", file);\n    file.queues.set(req.queue, queue);\n    if (queue.engineClass !== CLASS_VM_BIND) yield* addComputeQueue(vm, queue);',
    ],
    ["a queue that goes keeps its VM", "      vm.gpuvm.put(this.kref);\n", ""],
    ["a queue that goes keeps its file", "      file.kref.put(this.kref);\n", ""],
    [
      "a queue that is destroyed keeps its reference",
      "  queueKill(queue);\n  queue.kref.put(file);\n",
      "  queueKill(queue);\n",
    ],
    ["a queue's maker keeps the VM", '  vm.gpuvm.put("ioctl");\n', ""],
  ]),
  ...inFile("policy-xe/src/preempt.ts", [
    ["the rebind worker keeps the VM", "  vm.gpuvm.put(rebindWorker);\n", ""],
    [
      "a preempted queue is not protected again",
      "        exec.addFence(fence, USAGE_BOOKKEEP);\n      }\n",
      "      }\n",
    ],
    [
      "a queue starts without protection",
      "  exec.addFence(fence, USAGE_BOOKKEEP);\n  exec.fini();\n  unlock(dev, vm.lock);\n}\n\n/** A queue goes",
      "  exec.fini();\n  unlock(dev, vm.lock);\n}\n\n/** A queue goes",
    ],
    ["a queue that goes leaves its fence unsignalled", "  fence.enable();\n", ""],
  ]),
  ...inFile("policy-xe/src/bo.ts", [
    [
      "memory is given back while jobs use it",
      "    if (bo.resv.busy(USAGE_BOOKKEEP) === null) {\n      release(bo);\n      return;\n    }\n",
      "    if (bo.dev !== null) {\n      release(bo);\n      return;\n    }\n",
    ],
    ["a private object keeps its VM", "  bo.vm?.gpuvm.put(bo);\n", ""],
    ["a new object's maker keeps the VM", '  vm?.gpuvm.put("ioctl");\n', ""],
    ["a new object's maker keeps the VM's lock", "  if (vm !== null) unlock(dev, vm.gpuvm.resv);\n", ""],
  ]),
  ...inFile("policy-xe/src/purgeable.ts", [
    ["madvise keeps the object", '  bo.put("ioctl");\n  return ret;', "  return ret;"],
    ["madvise keeps the VM", '    vm.gpuvm.put("ioctl");\n', ""],
  ]),
  ...inFile("policy-xe/src/prime.ts", [
    ["a private object leaves its VM", "  if (bo.vm !== null) return -EPERM;\n", ""],
  ]),
  ...inFile("policy-xe/src/meminfo.ts", [
    [
      "fdinfo keeps the objects",
      '    yield* preempt(dev, "preempt", "show_meminfo");\n    bo.put("fdinfo");\n  }\n}',
      "    void bo;\n  }\n}",
    ],
  ]),
];
