import { inFile } from "../in-file.ts";
import type { Mutant } from "../operators.ts";

/** Mistakes of lifetime, lists and locks in the core, and in what the drivers share, as the drivers' scopes see them. */
export const CORE: readonly Mutant[] = [
  ...inFile("gpuvm-core/src/gpuvm-bo.ts", [
    ["a vm_bo does not hold its object", "  if (vmBo.countsObj) obj.get(vmBo);\n", ""],
    ["a vm_bo does not hold its VM", "  vm.get(vmBo);\n", ""],
    ["a vm_bo that goes keeps its object", "  if (vmBo.countsObj) obj.put(vmBo);\n", ""],
    ["a vm_bo that goes keeps its VM", "  vm.put(vmBo);\n", ""],
    [
      "a vm_bo that goes stays on the list of external objects",
      "  vmBo.onExtobj.remove();\n  vmBo.onEvict.remove();\n  assert",
      "  vmBo.onEvict.remove();\n  assert",
    ],
    [
      "a vm_bo that goes stays on the evict list",
      "  vmBo.onExtobj.remove();\n  vmBo.onEvict.remove();\n  assert",
      "  vmBo.onExtobj.remove();\n  assert",
    ],
    [
      "a vm_bo that goes stays on its object's list",
      '  assertGemListLocked(vm, obj, "drm_gpuvm_bo_destroy");\n  vmBo.onGem.remove();\n',
      '  assertGemListLocked(vm, obj, "drm_gpuvm_bo_destroy");\n',
    ],
    [
      "external objects are not listed, private ones are",
      "if (vm.isExtobj(vmBo.obj) &&",
      "if (!vm.isExtobj(vmBo.obj) &&",
    ],
    [
      "obtain does not look for the vm_bo there is",
      "  return found(vm, obj, holder) ?? createOnList(vm, obj, holder);",
      "  return createOnList(vm, obj, holder);",
    ],
    [
      "obtain_prealloc keeps the spare one",
      "  if (dropRef(prealloc, holder)) yield* freeVmBo(prealloc);\n",
      "",
    ],
    ["obtain_prealloc keeps the object's lock", "  obj.gpuvaLock.release(dev.current);\n", ""],
    [
      "obtain_prealloc looks without the lock",
      '  if (dev.stopsAt(obj.gpuvaLock, "drm_gpuvm_bo_obtain_prealloc")) yield dev.point;\n  obj.gpuvaLock.acquire(dev.current);\n  const found = gpuvmBoFind(vm, obj, holder);\n',
      '  let found: DrmGpuvmBo | null = null;\n  for (let node = gemVmBos(obj).head; node !== null; node = node.next) if (node.owner.vm === vm) found = gpuvmBoGet(node.owner, holder);\n  if (dev.stopsAt(obj.gpuvaLock, "drm_gpuvm_bo_obtain_prealloc")) yield dev.point;\n  obj.gpuvaLock.acquire(dev.current);\n',
    ],
  ]),
  ...inFile("gpuvm-core/src/deferred.ts", [
    ["a zombie is not queued", "  if (last) pushDeferred(vmBo);\n}", "}"],
    [
      "a zombie is queued under the object's lock",
      "  lock?.release(dev.current);\n  // Only now: as soon as it is on the list another thread may free it, and with it the object that has the lock.\n  if (last) pushDeferred(vmBo);",
      '  if (last) pushDeferred(vmBo);\n  if (dev.stopsFor("preempt", "drm_gpuva_unlink_defer")) yield dev.point;\n  lock?.release(dev.current);',
    ],
    ["a zombie stays on the lists", "      vmBo.onExtobj.remove();\n      vmBo.onEvict.remove();\n", ""],
    ["a zombie stays on its object's list", "  vmBo.onGem.remove();\n}", "}"],
    [
      "the cleanup frees the newest zombie only",
      "    zombies = vmBo.deferNext;\n    vmBo.deferNext = null;",
      "    zombies = null;\n    vmBo.deferNext = null;",
    ],
    [
      "a deferred put frees at once",
      "  if (last) pushDeferred(vmBo);\n  return last;",
      "  if (last) freeVmBo(vmBo);\n  return last;",
    ],
    [
      "the cleanup takes no lock",
      '    if (dev.stopsAt(vm.resv, "drm_gpuvm_bo_deferred_cleanup")) yield dev.point;\n    vm.resv.acquire(dev.current);\n',
      "",
    ],
    [
      "two cleanups free the same zombies",
      "  vm.deferred = null;\n  if (zombies === null) return;",
      "  if (zombies === null) return;",
    ],
    [
      "a deferred put is not under the object's lock",
      '  if (dev.stopsAt(obj.gpuvaLock, "drm_gpuvm_bo_put_deferred")) yield dev.point;\n  obj.gpuvaLock.acquire(dev.current);\n  const last = dropRef(vmBo, holder);\n  if (last) intoZombie(vmBo);\n  obj.gpuvaLock.release(dev.current);\n',
      '  const last = dropRef(vmBo, holder);\n  if (dev.stopsFor("preempt", "drm_gpuvm_bo_put_deferred")) yield dev.point;\n  if (last) intoZombie(vmBo);\n',
    ],
  ]),
  ...inFile("gpuvm-core/src/evict.ts", [
    ["an eviction is not marked", "  vmBo.evicted = evict;\n", ""],
    [
      "an evicted private object is not listed",
      "  else if (vmBo.onEvict.list === null) vm.evict.list.push(vmBo.onEvict);\n",
      "",
    ],
    ["what was validated stays on the evict list", "      if (!vmBo.evicted) vmBo.onEvict.remove();\n", ""],
    [
      "a walk keeps what it looked at",
      "  gpuvmBoPut(held, holder);\n  walked.list.spliceFront(local);",
      "  walked.list.spliceFront(local);",
    ],
    ["a walk forgets what it parked", "  walked.list.spliceFront(local);\n", ""],
    [
      "one link of an object is told of an eviction",
      "    gpuvmBoEvict(node.owner, evict);\n",
      "    gpuvmBoEvict(node.owner, evict);\n    break;\n",
    ],
    [
      "validation ends before its first",
      "  for (let node = vm.evict.list.head; node !== null; ) {",
      "  for (let node = vm.evict.list.head?.next ?? null; node !== null; ) {",
    ],
  ]),
  ...inFile("gpuvm-core/src/vm-exec.ts", [
    [
      "an evicted external object is not listed",
      "    if (vmBo.evicted && vmBo.onEvict.list === null) vm.evict.list.push(vmBo.onEvict);\n",
      "",
    ],
    [
      "only the first external object is locked",
      "    if (vmBo.evicted && vmBo.onEvict.list === null) vm.evict.list.push(vmBo.onEvict);\n",
      "    if (vmBo.evicted && vmBo.onEvict.list === null) vm.evict.list.push(vmBo.onEvict);\n    break;\n",
    ],
    [
      "a lock that failed keeps what it has",
      "  #fail(ret: Errno): Errno {\n    this.unlock();\n",
      "  #fail(ret: Errno): Errno {\n",
    ],
    [
      "fences go to the VM only",
      "    obj.resv.addFence(fence, vm.isExtobj(obj) ? extobjUsage : privateUsage);\n",
      "    if (!vm.isExtobj(obj)) obj.resv.addFence(fence, privateUsage + 0 * extobjUsage);\n",
    ],
    [
      "fences do not go to the VM",
      "    obj.resv.addFence(fence, vm.isExtobj(obj) ? extobjUsage : privateUsage);\n",
      "    if (vm.isExtobj(obj)) obj.resv.addFence(fence, extobjUsage + 0 * privateUsage);\n",
    ],
    [
      "a dry run locks the first object only",
      "    const ret = yield* exec.lockObj(obj);\n    if (ret !== 0) return ret;\n  }\n  return 0;",
      "    return yield* exec.lockObj(obj);\n  }\n  return 0;",
    ],
  ]),
  ...inFile("gpuvm-core/src/exec.ts", [
    [
      "unlocking keeps the objects",
      "      obj.resv.release(current);\n      obj.put(this);\n    }\n  }",
      "      obj.resv.release(current);\n    }\n  }",
    ],
    [
      "locking does not hold the object",
      "    this.#take(obj);\n    obj.get(this);\n    this.#add(obj);\n    return 0;\n  }\n\n  /**\n   * {@link",
      "    this.#take(obj);\n    this.#add(obj);\n    return 0;\n  }\n\n  /**\n   * {@link",
    ],
    [
      "who is contended keeps what it has",
      "      this.#unlockAll();\n      this.rounds++;",
      "      this.rounds++;",
    ],
    [
      "the younger one waits, too",
      "    return holds && resv.ticket !== null && resv.ticket.stamp < this.#ticket.stamp;",
      "    return holds && resv.ticket !== null && resv.ticket.stamp < 0;",
    ],
    [
      "what was contended is kept at the end",
      "    if (this.contended !== null) {\n      this.contended.put(this);\n      this.contended = null;",
      "    if (this.contended !== null) {\n      this.contended = null;",
    ],
    [
      "what was locked for the next round is kept",
      "      this.#prelocked.resv.release(this.#dev.current);\n      this.#prelocked.put(this);\n      this.#prelocked = null;",
      "      this.#prelocked = null;",
    ],
  ]),
  ...inFile("gpuvm-core/src/resv.ts", [
    [
      "a fence takes the place of one that has not signalled",
      "  return old.signaled;\n",
      "  return old.context !== fence.context;\n",
    ],
    [
      "a fence of the same timeline is kept, and the later one dropped",
      "      this.#fence = fence;\n      this.#usage = usage;\n      this.onDrop",
      "      if (first.context !== fence.context) this.#fence = fence;\n      this.#usage = usage;\n      this.onDrop",
    ],
    [
      "only the first fence is asked",
      "      if (this.#usageAt(i) <= usage && !fence.signaled) return fence;",
      "      return this.#usageAt(i) <= usage && !fence.signaled ? fence : null;",
    ],
    [
      "fences of the usage that is asked for are not seen",
      "this.#usageAt(i) <= usage && !fence.signaled",
      "this.#usageAt(i) < usage && !fence.signaled",
    ],
  ]),
  ...inFile("gpuvm-core/src/fence.ts", [
    [
      "only the first waiter is told",
      "    if (others !== null) for (const other of others) this.#tell(other);\n",
      "",
    ],
    [
      "who asks after the signal is not told",
      "    if (this.signaled) this.#tell(fn);\n    else if",
      "    if (this.signaled) return;\n    if",
    ],
  ]),
  ...inFile("gpuvm-core/src/gpuva.ts", [
    ["a linked VA does not hold its vm_bo", "  else vmBo.refs++;\n", ""],
    ["a VA in the tree does not hold its VM", "  vm.refs++;\n", ""],
    ["an unlink keeps the vm_bo", '  else boDestroyOnUnlink(vmBo, vm.audited ? vaName(vm, va) : "");\n', ""],
    ["a remap loses the piece behind", "  if (op.next !== null) mapRow(vm, next, op.next);\n", ""],
  ]),
  ...inFile("gpuvm-core/src/gpuvm.ts", [
    ["a VM keeps its resv object", "    this.rObj.put(this);\n", ""],
    [
      "external means: of this VM",
      "return obj !== null && obj.resv !== this.rObj.resv;",
      "return obj !== null && obj.resv === this.rObj.resv;",
    ],
  ]),
  ...inFile("drm-model/src/gpu/bind-queue.ts", [
    [
      "a job does not wait for what it was told to",
      "const blocker = job.after.find((fence) => !fence.signaled);",
      "const blocker = job.after.slice(1).find((fence) => !fence.signaled);",
    ],
    [
      "two jobs run at once",
      "if (this.#running !== null || job === undefined) return;",
      "if (job === undefined) return;",
    ],
    [
      "a job that ran is not freed",
      ", job.free);\n    this.#kick();",
      ", function* () {});\n    this.#kick();",
    ],
    ["the next job is not started", "job.free);\n    this.#kick();", "job.free);"],
    [
      "a job's fence signals before it runs",
      "    const error = yield* job.run();\n    this.#running = null;\n    job.finished.signal(error);",
      "    job.finished.signal(0);\n    const error = yield* job.run();\n    this.#running = null;\n    job.finished.signal(error);",
    ],
  ]),
  ...inFile("drm-model/src/gpu/engine.ts", [
    [
      "a job waits for the first fence only",
      "      if (fence.signaled) continue;\n      given.waits++;",
      "      if (fence.signaled || given.waits > 0) continue;\n      given.waits++;",
    ],
    [
      "a job that is done is not retired",
      "if (job.retire !== undefined) this.#machine",
      "if (job.retire !== undefined && this.#machine.now < 0) this.#machine",
    ],
  ]),
  ...inFile("drm-model/src/uapi/file.ts", [
    ["a handle keeps its object", "    bo.put(this.#holder(handle));\n", ""],
    [
      "a handle is gone only after its hook",
      "    this.#forget(handle);\n",
      "    if (hook !== null) yield* hook(bo);\n    this.#forget(handle);\n    hook = null;\n",
    ],
    ["a lookup does not hold", "    bo.get(holder);\n", ""],
  ]),
  ...inFile("drm-model/src/uapi/dma-buf.ts", [
    ["a dma-buf keeps its object", "    bo.put(this);\n", ""],
    ["a dma-buf does not hold its object", "    bo.get(this);\n", ""],
  ]),
  ...inFile("drm-model/src/uapi/resv.ts", [
    [
      "a wait ends with the first fence",
      "  for (let fence = resv.busy(usage); fence !== null; fence = resv.busy(usage)) {\n    if (dev.waitsFor(fence, label)) yield dev.point;\n  }",
      "  const fence = resv.busy(usage);\n  if (fence !== null && dev.waitsFor(fence, label)) yield dev.point;",
    ],
  ]),
];
