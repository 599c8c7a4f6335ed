import { inFile } from "../in-file.ts";
import type { Mutant } from "../operators.ts";

/** Mistakes in drm_exec and dma_resv. */
export const LOCKS: readonly Mutant[] = [
  ...inFile("exec.ts", [
    ["the younger wins", "resv.ticket.stamp < this.#ticket.stamp", "resv.ticket.stamp > this.#ticket.stamp"],
    ["nobody ever backs off", "if (this.#dies(resv)) return this.#backOff(obj);", ""],
    [
      "who is older is seen once",
      "() => resv.owner === null || this.#dies(resv)",
      "() => resv.owner === null",
    ],
    ["who holds nothing backs off", "return holds && resv.ticket", "return resv.ticket"],
    [
      "duplicates are always an error",
      "this.flags & DRM_EXEC_IGNORE_DUPLICATES ? 0 : -EALREADY",
      "-EALREADY",
    ],
    ["duplicates are never an error", "this.flags & DRM_EXEC_IGNORE_DUPLICATES ? 0 : -EALREADY", "0"],
    [
      "locked objects are not held",
      "    if (waited !== 0) return waited;\n    this.#take(obj);\n    obj.get(this);\n",
      "    if (waited !== 0) return waited;\n    this.#take(obj);\n",
    ],
    [
      "what was locked first is not recorded when asked for",
      "      this.#prelocked = null;\n      this.#add(obj);",
      "      this.#prelocked = null;",
    ],
    [
      "a leftover stays locked",
      "      this.#prelocked.resv.release(this.#dev.current);\n      this.#prelocked.put(this);\n      this.#prelocked = null;\n    }\n    return false;",
      "    }\n    return false;",
    ],
    [
      "a leftover stays held",
      "      this.#prelocked.resv.release(this.#dev.current);\n      this.#prelocked.put(this);\n",
      "      this.#prelocked.resv.release(this.#dev.current);\n",
    ],
    ["a new round keeps its locks", "      this.#unlockAll();\n      this.rounds++;", "      this.rounds++;"],
    [
      "fini forgets what is contended",
      "      this.contended.put(this);\n      this.contended = null;",
      "      this.contended = null;",
    ],
    [
      "unlocked in order of locking",
      "for (let i = objects.length - 1; i >= 0; i--) {",
      "for (let i = 0; i < objects.length; i++) {",
    ],
    [
      "unlocked objects are not put",
      "      obj.resv.release(current);\n      obj.put(this);",
      "      obj.resv.release(current);",
    ],
    ["no slots stays locked", "    this.unlockObj(obj);\n    return -EINVAL;", "    return -EINVAL;"],
    [
      "an empty array leaves the contention",
      "    if (objs.length === 0 && this.contended !== null && !(yield* this.#lockContended())) return -EINTR;\n",
      "",
    ],
  ]),
  ...inFile("vm-exec.ts", [
    [
      "0 fences are prepared",
      "return n === 0 ? yield* exec.lockObj(obj) : yield* exec.prepareObj(obj, n);",
      "return yield* exec.prepareObj(obj, n);",
    ],
    ["prepare_objects meets zombies", "    if (vmBo.refs === 0) continue;\n", ""],
    [
      "prepare_objects lists nothing",
      "    if (vmBo.evicted && vmBo.onEvict.list === null) vm.evict.list.push(vmBo.onEvict);\n",
      "",
    ],
    [
      "prepare_objects lists all",
      "if (vmBo.evicted && vmBo.onEvict.list === null) vm",
      "if (vmBo.onEvict.list === null) vm",
    ],
    [
      "prepare_objects lists twice",
      "if (vmBo.evicted && vmBo.onEvict.list === null) vm",
      "if (vmBo.evicted) vm",
    ],
    [
      "prepare_objects without the lock",
      '  if (vm.dev.lockdep !== null)\n    vm.dev.lockdep.assertHeld(vm.dev.current, vm.resv, "drm_gpuvm_prepare_objects");\n',
      "",
    ],
    [
      "the usages are swapped",
      "vm.isExtobj(obj) ? extobjUsage : privateUsage",
      "vm.isExtobj(obj) ? privateUsage : extobjUsage",
    ],
    ["a failed lock stays locked", "    this.unlock();\n    return ret;", "    return ret;"],
    [
      "lock_map checks the range first",
      "  if (req.obj !== null) {\n    const ret = yield* exec.prepareObj(req.obj, n);",
      '  if (req.obj !== null && typeof gpuvmSmMapBegin(vm, req) !== "number") {\n    const ret = yield* exec.prepareObj(req.obj, n);',
    ],
    [
      "lock_map forgets its object",
      "  if (req.obj !== null) {\n    const ret",
      "  if (req.obj === vm.rObj) {\n    const ret",
    ],
    [
      "a submit forgets its external objects",
      "ret = yield* gpuvmPrepareObjects(vm, exec, numFences);",
      "ret = 0;",
    ],
    [
      "a range takes one that begins at its end",
      "va !== 0 && gpuvaExact(vm, va).addr < end;",
      "va !== 0 && gpuvaExact(vm, va).addr <= end;",
    ],
  ]),
  ...inFile("resv.ts", [
    [
      "slots add up",
      "    if (n <= this.#room) return 0;\n    if (this.onDrop !== null) this.#dropSignaled();\n    this.#room = n;",
      "    if (this.onDrop !== null) this.#dropSignaled();\n    this.#room += n;",
    ],
    ["slots outlive the lock", "    this.#room = 0;\n", ""],
    ["an earlier fence takes the place", "fence.seqno >= old.seqno", "fence.seqno <= old.seqno"],
    ["a weaker usage takes the place", " && oldUsage >= usage) return true;", ") return true;"],
    ["signalled fences keep their place", "  return old.signaled;\n", "  return false;\n"],
    ["the usage stays the old one's", "      this.#usage = usage;\n      this.onDrop", "      this.onDrop"],
    [
      "a look sees weaker usages",
      "if (this.#usage <= usage && !first.signaled) return first;",
      "if (!first.signaled) return first;",
    ],
    ["the ticket outlives the lock", "    this.ticket = null;\n", ""],
  ]),
];
