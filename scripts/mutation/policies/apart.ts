import { inFile } from "../in-file.ts";
import type { Mutant } from "../operators.ts";

/** Mistakes that were thought of apart from the scenarios, by somebody who judges what these find. */
export const APART: Readonly<
  Record<"core" | "msm" | "nouveau" | "panthor" | "powervr" | "xe", readonly Mutant[]>
> = {
  core: [
    ...inFile("gpuvm-core/src/evict.ts", [
      [
        "a walk does not hold what it looks at",
        "      held = gpuvmBoGet(vmBo, holder);\n",
        "      held = gpuvmBoGet(vmBo, holder); vmBo.refs--;\n",
      ],
      [
        "a walk that failed forgets what it parked",
        "  walked.list.spliceFront(local);\n",
        "  if (ret === 0) walked.list.spliceFront(local);\n",
      ],
      [
        "what failed to validate leaves the evict list",
        "      if (ret !== 0) return ret;\n      if (dev.lockdep !== null) dev.lockdep.assertHeld(dev.current, vmBo.obj.resv",
        "      if (ret !== 0) {\n        vmBo.onEvict.remove();\n        return ret;\n      }\n      if (dev.lockdep !== null) dev.lockdep.assertHeld(dev.current, vmBo.obj.resv",
      ],
    ]),
    ...inFile("drm-model/src/uapi/handle-gone.ts", [
      ["a framebuffer is no handle", "bo.handles + bo.framebuffers > 0", "bo.handles > 0"],
      ["the last handle keeps the dma-buf", "  dmaBuf.put(bo);\n", ""],
    ]),
    ...inFile("gpuvm-core/src/exec.ts", [
      [
        "after contention the old ticket's locks stay",
        "      obj.resv.release(current);\n      obj.put(this);\n    }\n  }\n}",
        "      obj.resv.release(current);\n      if (this.contended === null) obj.put(this);\n    }\n  }\n}",
      ],
    ]),
    ...inFile("gpuvm-core/src/vm-exec.ts", [
      [
        "dead links of the extobj list are locked",
        "    if (vmBo.refs === 0) continue;\n    let ret = exec.prepareNow",
        "    let ret = exec.prepareNow",
      ],
    ]),
    ...inFile("drm-model/src/uapi/file.ts", [
      [
        "a handle that goes leaves the prime table's entry",
        "    dmaBuf?.put(this);\n    bo.handles--;",
        "    bo.handles--;",
      ],
    ]),
    ...inFile("drm-model/src/uapi/sync-obj.ts", [
      [
        "a syncobj keeps the fence that is replaced",
        "    old?.put(this);\n",
        "    if (fence === null) old?.put(this);\n",
      ],
    ]),
    ...inFile("drm-model/src/gpu/bind-queue.ts", [
      [
        "a job goes ahead when its first fence signals",
        "      blocker.onSignal(() => this.#kick());\n      return;",
        "      blocker.onSignal(() => {\n        job.after.length = 0 as never;\n        this.#kick();\n      });\n      return;",
      ],
    ]),
  ],
  msm: [
    ...inFile("policy-msm/src/vma/bind-job.ts", [
      [
        "an update that unmaps keeps its object",
        "      bo?.put(this);\n    }\n    this.vmOps.length",
        "      if (map) bo?.put(this);\n    }\n    this.vmOps.length",
      ],
      [
        "a job that ran keeps the pins, of all of its operations",
        "for (const { bo } of this.ops) if (bo !== null) unpinObj(this.#msm, bo);\n    unlock",
        "unlock",
      ],
      ["an update does not hold what it maps", "    op.bo?.get(this);\n    this.vmOps", "    this.vmOps"],
      [
        "a bind that failed stays counted against the throttle",
        "    this.vm.preallocInFlight -= count;",
        "    ",
      ],
    ]),
    ...inFile("policy-msm/src/vma/bind-steps.ts", [
      [
        "the hole of a cut is one page short",
        "range: hole.range, bo, offset: 0 }",
        "range: hole.range - 4096, bo, offset: 0 }",
      ],
      ["pieces lose their flags", "    vm.vas.setFlags(made, flags);\n", ""],
    ]),
    ...inFile("policy-msm/src/gem/shrinker.ts", [
      [
        "a vm_bo is kept where a VM's lock is not to be had",
        '    gpuvmBoPut(vmBo, "ioctl");\n  }\n  return all;',
        '    if (all) gpuvmBoPut(vmBo, "ioctl");\n  }\n  return all;',
      ],
      [
        "an object that is locked is held for ever",
        '    } else remaining += size;\n    bo.put("ioctl");',
        '    } else {\n      remaining += size;\n      bo.get("ioctl");\n    }\n    bo.put("ioctl");',
      ],
    ]),
    ...inFile("policy-msm/src/gpu/submit.ts", [
      [
        "pins of a submit that cannot pin all are kept",
        "  submit.pinned = true;\n  return ret;",
        "  submit.pinned = ret === 0;\n  return ret;",
      ],
    ]),
    ...inFile("policy-msm/src/gem/pages.ts", [
      [
        "what is unpinned stays on the list of what is pinned",
        "  bo.pins--;\n  msm.lru.update(bo);",
        "  bo.pins--;",
      ],
    ]),
  ],
  nouveau: [
    ...inFile("policy-nouveau/src/ttm/move.ts", [
      ["memory that is left stays taken", "  if (from !== null) freeResource(nv, from);\n", ""],
      [
        "a move that failed leaves the entries",
        "    notify(nv, bo, from);\n    evicted(nv, bo, !evict);\n",
        "",
      ],
      ["mappings are not told of a move", "  notify(nv, bo, to);\n", ""],
      [
        "unmapped for a move, and not marked",
        "      uvmm.unmapVa(va);\n      uvmm.invalidate(va, true);",
        "      uvmm.unmapVa(va);",
      ],
    ]),
    ...inFile("policy-nouveau/src/uvmm/bind-submit.ts", [
      [
        "what a cut leaves is not brought back",
        "      if (op.op === DRM_GPUVA_OP_UNMAP) continue;",
        "      if (op.op !== DRM_GPUVA_OP_MAP) continue;",
      ],
      [
        "an external object is listed, and locked only for maps",
        "      let ret = yield* exec.prepareObj(bo, 1);\n      if (ret !== 0) return ret;\n      // What",
        "      let ret = op.op === DRM_GPUVA_OP_UNMAP ? 0 : yield* exec.prepareObj(bo, 1);\n      if (ret !== 0) return ret;\n      // What",
      ],
    ]),
    ...inFile("policy-nouveau/src/uvmm/bind-prepare.ts", [
      [
        "a cut that failed loses the mapping that was there",
        "  if (prev !== null) bop.prev = dropVa(uvmm, bop.prev);\n  gpuvaInsert(vm, va);\n  return -ENOMEM;",
        "  if (prev !== null) bop.prev = dropVa(uvmm, bop.prev);\n  return -ENOMEM;",
      ],
    ]),
  ],
  panthor: [
    ...inFile("policy-panthor/src/mmu/exec-op.ts", [
      [
        "pieces lose their flags",
        "  vm.gpuvm.vas.setFlags(va, flags);\n  yield* linkVma(panthor, vm, va, vmBo);",
        "  yield* linkVma(panthor, vm, va, vmBo);",
      ],
      [
        "what was evicted is cut in the page tables",
        "  if ((flags & VA_EVICTED) === 0) {\n    const ret = remapPages",
        "  if ((flags & VA_EVICTED) !== 0) {\n    const ret = remapPages",
      ],
      [
        "the VM's lock is dropped before the walk",
        '  const ret = ctx.type === "map" && vm.unusable ? -EINVAL : yield* walk(panthor, vm, ctx);',
        '  unlock(dev, vm.opLock);\n  const ret = ctx.type === "map" && vm.unusable ? -EINVAL : yield* walk(panthor, vm, ctx);\n  yield* lock(dev, vm.opLock, "again");',
      ],
    ]),
    ...inFile("policy-panthor/src/gem/shrink.ts", [
      ["memory pressure keeps a VM", '    vm.gpuvm.put("shrinker");\n', ""],
      ["an eviction leaves the entries", "&& evictMappings(panthor, bo)", ""],
      [
        "eviction clears entries and flushes nothing",
        '      lockRegion(panthor, vm, vas.addr(va), vas.range(va));\n      unmapPages(panthor, vm, vas.addr(va), vas.range(va));\n      unlockRegion(panthor, vm, "unmap");',
        "      unmapPages(panthor, vm, vas.addr(va), vas.range(va));",
      ],
      [
        "eviction does not set the flag of the VMA",
        "      vas.setFlags(va, vas.flags(va) | VA_EVICTED);\n",
        "",
      ],
      [
        "a resv that is locked for an eviction is not noted",
        "    if (!resv.tryAcquire(current)) return false;\n    locks.push(resv);",
        "    if (!resv.tryAcquire(current)) return false;",
      ],
    ]),
    ...inFile("policy-panthor/src/sched/group.ts", [
      [
        "work that is queued already holds the group again",
        "if (!work.queue()) this.kref.put(this.holderOf(work));",
        "work.queue();",
      ],
    ]),
    ...inFile("policy-panthor/src/sched/submit.ts", [
      [
        "a submit's fence is not on external objects",
        '  vmExec.addFence(base, USAGE_BOOKKEEP, defects.has("PA9") ? USAGE_WRITE : USAGE_BOOKKEEP);',
        '  vm.gpuvm.resv.addFence(base, defects.has("PA9") ? USAGE_WRITE : USAGE_BOOKKEEP);',
      ],
    ]),
    ...inFile("policy-panthor/src/sched/reset.ts", [
      [
        "a group that comes back from a reset is held for ever",
        '    group.kref.put("walk of the groups");\n  }\n  sched.resetInProgress',
        "  }\n  sched.resetInProgress",
      ],
    ]),
    ...inFile("policy-panthor/src/mmu/remap-pages.ts", [
      [
        "the hole of a cut is one page short",
        "  unmapPages(panthor, vm, start, end - start);",
        "  unmapPages(panthor, vm, start, end - start - 4096);",
      ],
    ]),
  ],
  powervr: [
    ...inFile("policy-powervr/src/vm/map.ts", [
      [
        "what a map covers is not locked",
        "return ret === 0 ? yield* rulesOf(ctx.pvr).lockCovered(ctx, exec, addr, size) : ret;",
        "return ret;",
      ],
      [
        "a map that failed keeps its object, twice held",
        "  if (ret !== 0) {\n    yield* finishBindOp(op, bo);\n    return ret;",
        '  if (ret !== 0) {\n    bo.get("ioctl");\n    yield* finishBindOp(op, bo);\n    return ret;',
      ],
      [
        "the last mapping that is covered is not locked",
        "va !== 0 && vm.vas.addr(va) < addr + size;",
        "va !== 0 && vm.vas.addr(va) + 4096 < addr + size;",
      ],
    ]),
    ...inFile("policy-powervr/src/vm/bind-op.ts", [
      [
        "the piece behind that was not needed is not freed",
        "  if (op.nextVa !== 0) gpuvaFree(vm, op.nextVa);\n",
        "",
      ],
    ]),
    ...inFile("policy-powervr/src/vm/unmap.ts", [
      [
        "an unmap does not hold the object that it puts",
        '  bo?.get("ioctl");\n  const exec = new GpuvmExec(ctx.vm, EXEC_FLAGS, 0);\n',
        "  const exec = new GpuvmExec(ctx.vm, EXEC_FLAGS, 0);\n",
      ],
      [
        "an unmap that cannot allocate keeps what it has",
        "  if (ret !== 0) {\n    yield* finishBindOp(op, null);\n    return ret;\n  }",
        "  if (ret !== 0) return ret;",
      ],
    ]),
    ...inFile("policy-powervr/src/queue/submit.ts", [
      [
        "no fence slots for a render target",
        "ret = yield* exec.prepareObj(hwrt.fw.bo, jobs.length);",
        "ret = yield* exec.lockObj(hwrt.fw.bo);",
      ],
    ]),
    ...inFile("policy-powervr/src/tiler/free-list.ts", [
      [
        "a free list that cannot grow keeps its firmware object",
        "    list.put(self);\n    yield* unmapAndDestroyFwObject(pvr, fw, self);\n    return ret;",
        "    list.put(self);\n    return ret;",
      ],
    ]),
    ...inFile("policy-powervr/src/tiler/hwrt.ts", [
      [
        "a render target that cannot be made keeps its free lists",
        "    for (const list of [local, global]) yield* putFreeList(pvr, list, self);\n    return common;",
        "    return common;",
      ],
    ]),
    ...inFile("policy-powervr/src/queue/queue-life.ts", [
      [
        "a queue that cannot be made keeps its ring",
        "    yield* destroyFwObject(pvr, regState, self);\n    yield* destroyCccb(pvr, cccb, self);\n    return timelineUfo;",
        "    yield* destroyFwObject(pvr, regState, self);\n    return timelineUfo;",
      ],
    ]),
  ],
  xe: [
    ...inFile("policy-xe/src/bind/bind.ts", [
      [
        "a bind that failed keeps the objects of its operations",
        '  for (const bo of bos) bo?.put("ioctl");\n',
        '  if (ret === 0) for (const bo of bos) bo?.put("ioctl");\n',
      ],
      [
        "a bind that failed is not taken back at all",
        "for (let op = ops.pop(); op !== undefined; op = ops.pop()) yield* opUnwind(op);",
        "ops.length = 0;",
      ],
      [
        "a bind that failed keeps its bind queue",
        '  q?.kref.put("ioctl");\n  vm.gpuvm.put',
        '  if (ret === 0) q?.kref.put("ioctl");\n  vm.gpuvm.put',
      ],
    ]),
    ...inFile("policy-xe/src/vm/rebind.ts", [
      ["rebinds do not wait for the work before them", "  work.waitVmBookkeep = true;\n", ""],
      ["what came back is marked as evicted, for ever", "  vmBo.evicted = false;\n", ""],
    ]),
    ...inFile("policy-xe/src/exec/job.ts", [["no batch flushes the TLB", "  job.flushTlb = true;\n", ""]]),
    ...inFile("policy-xe/src/vm/vma-life.ts", [
      [
        "a VMA's maker keeps the vm_bo, beside the list",
        '    gpuvmBoPut(vmBo, "ioctl");\n    vmaCountInc(bo);',
        "    vmaCountInc(bo);",
      ],
      ["an external object is not on the list", "    gpuvmBoExtobjAdd(vmBo);\n", ""],
    ]),
    ...inFile("policy-xe/src/exec/exec.ts", [
      [
        "work that failed keeps its queue",
        '  if (ret === 0 || !xe.defects.has("X9")) queue.kref.put',
        "  if (ret === 0) queue.kref.put",
      ],
      [
        "exec on a closed VM goes on",
        "  if (vm.closedOrBanned) return -ECANCELED;\n  const job = newJob(queue);\n  if (job === null) return -ENOMEM;\n  const after",
        "  const job = newJob(queue);\n  if (job === null) return -ENOMEM;\n  const after",
      ],
    ]),
    ...inFile("policy-xe/src/close.ts", [
      ["VM close flushes no TLB", '  vm.pt.invalidateAll("close", 0, xe.platform.vaSize);\n', ""],
    ]),
    ...inFile("policy-xe/src/preempt/preempt.ts", [
      [
        "queues resume before the rebinds are done",
        '  yield* waitResv(dev, resv, USAGE_KERNEL, "preempt_rebind_work_func");\n',
        "",
      ],
      [
        "the worker locks the VM and no external object",
        "  yield* gpuvmPrepareObjects(vm.gpuvm, exec, 1);\n  if (exec.contended !== null) return 0;\n  for (const queue",
        "  for (const queue",
      ],
    ]),
    ...inFile("policy-xe/src/memory/move.ts", [
      ["swap does not wait for the GPU", '    yield* waitIdle(xe.machine.dev, bo.resv, "xe_bo_move");\n', ""],
    ]),
  ],
};
