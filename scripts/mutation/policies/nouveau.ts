import { inFile } from "../in-file.ts";
import type { Mutant } from "../operators.ts";

/** Mistakes in nouveau. */
export const NOUVEAU: readonly Mutant[] = [
  ...inFile("policy-nouveau/src/uvmm/bind-cleanup.ts", [
    ["a job keeps its object", "      bo.put(job);\n", ""],
    ["a job keeps its vm_bo", "        gpuvmBoPut(vmBo, job);\n", ""],
    ["what went keeps its page tables", "      uvmm.mmu.put(addr, range, uvmm.shiftOf(va));\n", ""],
    ["what went is never freed", "    uvmm.freeVa(va);\n", ""],
    [
      "a sparse region that goes leaves its entries",
      "      uvmm.mmu.sparse(region.addr, region.range, false);\n",
      "",
    ],
    ["who waits for a region is not told", "      region.gone = true;\n", ""],
    [
      "a vm_bo is put without its object's lock",
      '        if (dev.stopsAt(bo.resv, "nouveau_uvmm_bind_job_cleanup")) yield dev.point;\n        bo.resv.acquire(dev.current);\n        gpuvmBoPut(vmBo, job);\n        unlock(dev, bo.resv);\n',
      "        gpuvmBoPut(vmBo, job);\n",
    ],
  ]),
  ...inFile("policy-nouveau/src/uvmm/bind-prepare.ts", [
    ["an unmap that is taken back is not put back", "  } else gpuvaInsert(vm, op.unmap.va);\n", "  }\n"],
    ["a cut that is taken back is not put back", "    gpuvaInsert(vm, op.remap.unmap.va);\n", ""],
    ["a cut that failed loses what it cut", "  gpuvaInsert(vm, va);\n  return -ENOMEM;", "  return -ENOMEM;"],
    [
      "page tables of a bind that failed are kept",
      "  mmu.put(addr, range, shift);\n  return 0;",
      "  return 0;",
    ],
    [
      "a new mapping takes no references where nothing was",
      "  const ret = start > gap.start ? tables(uvmm, gap.start, start - gap.start, shift) : 0;",
      "  const ret = 0;",
    ],
  ]),
  ...inFile("policy-nouveau/src/uvmm/new-va.ts", [
    [
      "a mapping does not hold its object",
      '  map.obj?.get(dev.ledger === null ? "" : vaName(vm, va));\n',
      "",
    ],
    [
      "a piece that is taken back stays in the tree",
      "  gpuvaRemove(uvmm.vm, va);\n  uvmm.freeVa(va);\n",
      "  uvmm.freeVa(va);\n",
    ],
  ]),
  ...inFile("policy-nouveau/src/uvmm/bind-run.ts", [
    [
      "an unmap clears nothing",
      "} else if (!op.unmap.keep) uvmm.unmapVa(op.unmap.va);",
      "} else if (!op.unmap.keep) void 0;",
    ],
    ["a map writes nothing", "  uvmm.mapVa(bop.map);\n", ""],
    ["a cut clears nothing", "      if (!uvmm.invalidated(va)) {\n", "      if (uvmm.invalidated(va)) {\n"],
  ]),
  ...inFile("policy-nouveau/src/uvmm/bind-submit.ts", [
    ["a cut mapping stays linked", "      gpuvaUnlink(vm, unmap.va);\n", ""],
    ["the piece behind a cut is not linked", "      if (next !== null) gpuvaLink(vm, bop.next, vmBo);\n", ""],
    [
      "a piece goes to the new object's vm_bo",
      "      if (prev !== null) gpuvaLink(vm, bop.prev, vmBo);\n",
      "      if (prev !== null) gpuvaLink(vm, bop.prev, bop.vmBo ?? vmBo);\n",
    ],
    [
      "a bind that failed keeps its locks",
      "    exec.fini();\n    return ret;\n  }\n  for",
      "    return ret;\n  }\n  for",
    ],
    [
      "a bind that failed keeps the VM's mutex",
      "    unlock(dev, uvmm.mutex);\n    exec.fini();",
      "    exec.fini();",
    ],
    [
      "a bind that failed is not taken back",
      "    for (let i = done - 1; i >= 0; i--) unwindOp(uvmm, job.ops[i] as BindJobOp);\n",
      "",
    ],
    [
      "a bind that failed is taken back but for its first operation",
      "    for (let i = done - 1; i >= 0; i--)",
      "    for (let i = done - 1; i > 0; i--)",
    ],
    ["an external object is not listed", "      gpuvmBoExtobjAdd(vmBo);\n", ""],
    [
      "an object's links are made without its lock",
      '      if (dev.stopsAt(bo.resv, "nouveau_uvmm_bind_job_submit")) yield dev.point;\n      bo.resv.acquire(dev.current);\n      const vmBo = gpuvmBoObtain(vm, bo, job);\n      unlock(dev, bo.resv);\n',
      "      const vmBo = gpuvmBoObtain(vm, bo, job);\n",
    ],
    ["a region on its way out can be mapped in", "    if (region?.dirty) return -EINVAL;\n", ""],
    ["a region that goes is not marked", "  else if (bop.region !== null) bop.region.dirty = true;\n", ""],
  ]),
  ...inFile("policy-nouveau/src/sched/job.ts", [
    [
      "a job that failed gives nothing back",
      "    syncs?.cleanUpAttach();\n    return yield* jobFini(job, ret);",
      "    syncs?.cleanUpAttach();\n    return ret;",
    ],
    [
      "a call answers before its job is done",
      '  if (job.sync) yield* waitFenceInterruptible(dev, finished, cli.process, "nouveau_job_submit");\n',
      "",
    ],
    [
      "jobs get into tree and queue in any order",
      "  sched.mutex.acquire(dev.current);\n  ret = yield* job.submit();",
      "  ret = yield* job.submit();\n  sched.mutex.acquire(dev.current);",
    ],
  ]),
  ...inFile("policy-nouveau/src/uvmm/bind.ts", [
    ["a bind's fence is on no object", "    this.#exec?.addFence(this.finished, USAGE_BOOKKEEP);\n", ""],
    ["binds wait for nothing", "(request.in ?? 0) > 0 ? lastWork(cli) : NO_FENCES;", "NO_FENCES;"],
  ]),
  ...inFile("policy-nouveau/src/sched/exec.ts", [
    ["work does not bring back what was evicted", "  ret = yield* vme.validate();\n", "  ret = 0;\n"],
    [
      "work's fence is on no object",
      "    this.#vme.addFence(this.finished, USAGE_WRITE, USAGE_WRITE);\n",
      "",
    ],
    ["work that failed keeps its locks", "  if (ret !== 0) vme.unlock();\n", ""],
    ["work does not wait for binds", "bind === null ? NO_FENCES : [bind];", "NO_FENCES;"],
  ]),
  ...inFile("policy-nouveau/src/sched/sched.ts", [
    ["a scheduler forgets its jobs", "    this.list.push(job.onList);\n", ""],
    ["a cancelled job does not signal", "        job.finished.signal(-ESRCH);\n", ""],
    ["a job does not wait", "    if (blocker !== undefined) {\n", "    if (blocker?.signaled) {\n"],
  ]),
  ...inFile("policy-nouveau/src/ttm/move.ts", [
    [
      "objects that the GPU uses are moved",
      '  if (nv.gpuWorks) yield* waitResv(nv.dev, bo.resv, USAGE_BOOKKEEP, "ttm_bo_wait_ctx");\n',
      "",
    ],
    ["a move leaves the entries", "  else unmapAll(nv, bo);\n", ""],
    ["a move does not tell the VMs", "  evicted(nv, bo, evict);\n", ""],
    [
      "what comes back is not mapped again",
      "  if (to !== null && mappable(to)) mapAll(nv, bo);\n  else",
      "  if (to === null || !mappable(to))",
    ],
    ["what comes back stays invalid", "      uvmm.invalidate(va, false);\n", ""],
    ["memory that is left is not given back", "  if (from !== null) freeResource(nv, from);\n", ""],
  ]),
  ...inFile("policy-nouveau/src/ttm/swapout.ts", [
    ["swapout keeps a lock", "  bo.resv.release(dev.current);\n", ""],
  ]),
  ...inFile("policy-nouveau/src/ttm/resource.ts", [
    ["pinned objects are moved", "  return bo.pins > 0 || (", "  return ("],
  ]),
  ...inFile("policy-nouveau/src/uvmm/uvmm.ts", [
    ["a mapping that goes keeps its object", "    obj?.put(holder);\n", ""],
  ]),
  ...inFile("policy-nouveau/src/mmu/vmm.ts", [
    ["an unmap does not flush", '    this.view.flush(this.closing ? "close" : cause);\n', ""],
    [
      "what is unmapped in a region faults",
      "    if (sparse) this.view.write({",
      "    if (sparse && size < 0) this.view.write({",
    ],
  ]),
  ...inFile("policy-nouveau/src/close.ts", [
    ["the end of a VM leaves entries", "      uvmm.unmapVa(va);\n", ""],
    ["the end of a VM leaves links", "      gpuvaUnlink(vm, va);\n", ""],
    [
      "the end of a file keeps its channels",
      "    yield* destroyChannel(nv, cli, channel);\n    cli.channels",
      "    cli.channels",
    ],
    ["the end of a file does not wait for its jobs", "  yield* cli.sched.fini();\n", ""],
    [
      "the end of a file forgets its dma-bufs",
      "  for (const handle of [...cli.exported.keys()]) cli.closeExport(handle);\n",
      "",
    ],
  ]),
  ...inFile("policy-nouveau/src/channel/abi16.ts", [
    ["a channel goes while it works", "  yield* channelIdle(nv, timeline);\n", ""],
    ["a channel that goes keeps its buffers", "  bo.put(channel);\n", ""],
    [
      "a channel that cannot be made keeps its first buffer mapped",
      "      yield* unmapAndUnpin(nv, cli, other);\n",
      "",
    ],
    [
      "a channel's buffers stay pinned",
      "  bo.pins--;\n  unlock(dev, bo.resv);\n  if (last)",
      "  unlock(dev, bo.resv);\n  if (last)",
    ],
  ]),
  ...inFile("policy-nouveau/src/ttm/manager.ts", [
    ["a place gives more than it has", "    if (bo.size > this.free) return null;\n", ""],
    ["a place does not get its memory back", "    this.free += res.size;\n", ""],
    [
      "who is used last is the first to go",
      "    this.lru.moveToTail(res.onLru);\n",
      "    const one = new List<Resource>();\n    one.moveToTail(res.onLru);\n    this.lru.spliceFront(one);\n",
    ],
  ]),
  ...inFile("policy-nouveau/src/ttm/move.ts", [
    [
      "nobody goes to swap for others' pages",
      "  while (nv.host.used > nv.host.limit) if ((yield* nv.swapout()) === 0) break;\n",
      "",
    ],
    [
      "what the GPU cannot copy is not copied",
      '  return nv.dev.mayAlloc("ttm_bo_move_memcpy") ? 0 : -ENOMEM;',
      "  return -ENOMEM;",
    ],
  ]),
  ...inFile("policy-nouveau/src/gem/bo.ts", [
    ["pages that go to swap still count", '    if (this.#tt === "populated") host.used -= size;\n', ""],
    [
      "memory is given back while jobs use it",
      "    if (this.resv.busy(USAGE_BOOKKEEP) === null) {\n",
      "    {\n",
    ],
    ["a private object keeps the VM's resv object", "    this.rObj?.put(this);\n", ""],
  ]),
  ...inFile("policy-nouveau/src/driver.ts", [
    [
      "an object without handle stays",
      '  if (ret !== 0) {\n    bo.put("creator");\n    return ret;',
      "  if (ret !== 0) {\n    return ret;",
    ],
    [
      "a private object leaves its file",
      "bo === undefined || bo.rObj !== null ? null",
      "bo === undefined ? null",
    ],
  ]),
];
