import { inFile } from "../in-file.ts";
import type { Mutant } from "../operators.ts";

/** Mistakes in the walks over what is mapped (`__drm_gpuvm_sm_map`, `__drm_gpuvm_sm_unmap`). */
export const WALKS: readonly Mutant[] = [
  ...inFile("sm.ts", [
    [
      "prefetch takes one that begins at its end",
      "va !== 0 && gpuvaExact(vm, va).addr < end;",
      "va !== 0 && gpuvaExact(vm, va).addr <= end;",
    ],
    ["bo_unmap keeps", "op.unmap.keep = false;", "op.unmap.keep = true;"],
    [
      "bo_unmap without the lock",
      '  assertGemListLocked(vm, vmBo.obj, "drm_gpuvm_bo_unmap_ops_create");\n',
      "",
    ],
    ["a callback's error is lost", "    if (ret) return ret;\n", ""],
    ["a failed list leaks", "  gpuvaOpsFree(vm, ops);\n  return -ENOMEM;", "  return -ENOMEM;"],
    ["the operation too many leaks", "      dropOp(vm, ops);\n", ""],
    [
      "map's callback gets unmaps",
      "ret = ops.smStepMap?.(scratch, priv);",
      "ret = ops.smStepUnmap?.(scratch, priv);",
    ],
  ]),
  ...inFile("sm-walk.ts", [
    ["prev is one too long", "prevPiece.range = this.#addr - a;", "prevPiece.range = this.#addr - a + 1;"],
    [
      "prev also where the mapping begins with the request",
      "if (a < this.#addr) {",
      "if (a <= this.#addr) {",
    ],
    [
      "next also where the mapping ends with the request",
      "if (e > this.#end) {\n      nextPiece",
      "if (e >= this.#end) {\n      nextPiece",
    ],
    ["next begins one too late", "nextPiece.addr = this.#end;", "nextPiece.addr = this.#end + 1;"],
    ["next is one too short", "nextPiece.range = e - this.#end;", "nextPiece.range = e - this.#end - 1;"],
    ["next keeps the old offset", "wrapAdd(vas.offset(va), this.#end - a)", "vas.offset(va)"],
    [
      "next's offset does not wrap",
      "wrapAdd(vas.offset(va), this.#end - a)",
      "vas.offset(va) + this.#end - a",
    ],
    [
      "next's offset from the request's start",
      "wrapAdd(vas.offset(va), this.#end - a)",
      "wrapAdd(vas.offset(va), this.#addr - a)",
    ],
    ["prev and next are swapped", "remap.prev = prevPiece;", "remap.next = prevPiece;"],
    ["an old prev is left in the operation", "} else remap.prev = null;", "}"],
    ["an old next is left in the operation", "} else remap.next = null;", "}"],
    ["prev loses its object", "prevPiece.obj = o;", "prevPiece.obj = null;"],
    ["next loses its object", "nextPiece.obj = o;", "nextPiece.obj = null;"],
    [
      "an unmap where the mapping sticks out on one side",
      "const whole = a >= this.#addr && e <= this.#end;",
      "const whole = a >= this.#addr || e <= this.#end;",
    ],
    [
      "a remap where the mapping begins with the request",
      "const whole = a >= this.#addr && e <= this.#end;",
      "const whole = a > this.#addr && e <= this.#end;",
    ],
    [
      "a remap where the mapping ends with the request",
      "const whole = a >= this.#addr && e <= this.#end;",
      "const whole = a >= this.#addr && e < this.#end;",
    ],
    ["keep for unmap requests, too", "this.#rare = false;\n    this.#obj = null;", "this.#rare = false;"],
    ["keep for sparse mappings", "this.#obj !== null && this.#keeps", "this.#keeps"],
    ["keep without a look at the object", " && gpuvaObj(this.#vm, va) === this.#obj;", ";"],
    [
      "keep without a look at the offset",
      "sameLine(line, this.#offset - this.#addr) && gpuvaObj",
      "gpuvaObj",
    ],
    [
      "keep compares offsets alone",
      "sameLine(line, this.#offset - this.#addr)",
      "sameLine(line + addr, this.#offset)",
    ],
    ["keep of the operation before", "    unmap.keep = this.#obj", "    unmap.keep ||= this.#obj"],
    ["keep forgets that offsets wrap", "a === b || a - b === U64_SPACE || b - a === U64_SPACE", "a === b"],
    [
      "keep wraps one way only",
      "a === b || a - b === U64_SPACE || b - a === U64_SPACE",
      "a === b || a - b === U64_SPACE",
    ],
    [
      "keep wraps the other way only",
      "a === b || a - b === U64_SPACE || b - a === U64_SPACE",
      "a === b || b - a === U64_SPACE",
    ],
    [
      "no map at the end",
      '    this.#mapDue = kind === "map";\n    this.#rare = kind !== "map";',
      '    this.#mapDue = false;\n    this.#rare = kind !== "map";',
    ],
    [
      "an unmap request maps",
      "this.#mapDue = false;\n    this.#rare = false;",
      "this.#mapDue = true;\n    this.#rare = false;",
    ],
    [
      "the map is one too short",
      "map.range = this.#end - this.#addr;",
      "map.range = this.#end - this.#addr - 1;",
    ],
    ["the map has the wrong object", "    map.obj = this.#obj;\n", ""],
    [
      "the walk takes one that begins at its end",
      "index.bound = this.#end;\n      this.#va = this.#cut(va, op)",
      "index.bound = this.#end + 1;\n      this.#va = this.#cut(va, op)",
    ],
    [
      "the walk stops after the first",
      "this.#cut(va, op) ? index.nextBelowOf(va) : 0;",
      "this.#cut(va, op) ? 0 : 0;",
    ],
    ["a list stops after the first", "va = more ? index.nextBelowOf(va) : 0;", "va = 0;"],
    ["what ends within the request is the last", "return e < this.#end;", "return e < this.#addr;"],
    [
      "the walk begins behind the first",
      "this.#va = index.firstOverlap();",
      "index.firstOverlap();\n    this.#va = index.nextBelow();",
    ],
    [
      "the walk does not find its place again",
      "this.#cut(va, op) ? index.nextBelowOf(va)",
      "this.#cut(va, op) ? index.nextBelow()",
    ],
    [
      "ranges are not checked for a map",
      "    if (!vm.rangeValidFast(addr, range)) return -EINVAL;\n    this.#mapDue = kind",
      "    this.#mapDue = kind",
    ],
    [
      "ranges are not checked for an unmap",
      "    if (!vm.rangeValidFast(addr, range)) return -EINVAL;\n    this.#mapDue = false;",
      "    this.#mapDue = false;",
    ],
    [
      "ranges are not checked for numbers of another class",
      "    if (!gpuvmRangeValid(vm, addr, range)) return -EINVAL;\n",
      "",
    ],
    [
      "the request's offset is not looked at",
      "|| !vm.fits(range) || !vm.fits(offset)) {",
      "|| !vm.fits(range)) {",
    ],
    [
      "madvise cuts mappings of objects",
      "vm.vas.owner(va) !== 0 || va === vm.kernelNode || (a",
      "va === vm.kernelNode || (a",
    ],
    [
      "madvise unmaps what lies within",
      "(a >= this.#addr && e <= this.#end)) return false;",
      "false) return false;",
    ],
    [
      "madvise maps the whole request where one mapping does not cover it",
      "if (a <= this.#addr && e >= this.#end) this.#mapDue = true;",
      "if (a <= this.#addr || e >= this.#end) this.#mapDue = true;",
    ],
    [
      "madvise's piece begins with the mapping",
      "this.#pieceAddr = a < this.#addr ? this.#addr : a;",
      "this.#pieceAddr = a;",
    ],
    [
      "madvise's piece ends with the mapping",
      "this.#pieceEnd = e > this.#end ? this.#end : e;",
      "this.#pieceEnd = e;",
    ],
  ]),
  ...inFile("exact-walk.ts", [
    [
      "exact: the walk takes one that begins at its end",
      "v.addr < this.#end; v = this.#next",
      "v.addr <= this.#end; v = this.#next",
    ],
    ["exact: next keeps the old offset", "bigAdd(v.offset, this.#end - v.addr)", "v.offset"],
    [
      "exact: prev also where the mapping begins with the request",
      "if (v.addr < addr) {",
      "if (v.addr <= addr) {",
    ],
    [
      "exact: next also where the mapping ends with the request",
      "if (e > this.#end) {\n      const offset",
      "if (e >= this.#end) {\n      const offset",
    ],
    [
      "exact: keep forgets that offsets wrap",
      "bigSub(v.offset, v.addr) === bigSub(offset, addr)",
      "v.offset - v.addr === offset - addr",
    ],
    [
      "exact: keep for sparse mappings",
      "      o !== null &&\n      o === this.#obj &&\n      bigSub",
      "      o === this.#obj &&\n      bigSub",
    ],
  ]),
  ...inFile("find.ts", [
    ["range 0 at 0 asks for nothing", "return end === 0 ? Number.POSITIVE_INFINITY : end;", "return end;"],
    ["an end at 2^64 does not wrap", "if (end >= U64_SPACE) end -= U64_SPACE;", ""],
    ["find_prev looks at one unit", "const last = BigInt.asUintN(64, at + 1n);", "const last = at;"],
    ["find_prev looks at the start, not before it", "BigInt.asUintN(64, toBig(start) - 1n)", "toBig(start)"],
    ["a neighbour may be the kernel's", "if (!vm.rangeValidExact(at, 1n)) return 0;", ""],
    [
      "the nearest double is taken for the number",
      "if (before !== 0 && BigInt(vas.addr(before)) > start) {",
      "if (before === -1) {",
    ],
    [
      "find takes any that overlaps",
      "return vm.vas.addr(va) === addr && vm.vas.range(va) === range ? va : 0;",
      "return va;",
    ],
    [
      "find compares rounded numbers",
      "if (vm.exact === null && vm.fits(addr) && vm.fits(range))\n    return vm.vas.addr(va) === addr && vm.vas.range(va) === range ? va : 0;",
      "if (vm.exact === null)\n    return vm.vas.addr(va) === Number(addr) && vm.vas.range(va) === Number(range) ? va : 0;",
    ],
    [
      "a walk reads the next one after the body",
      "const next = gpuvmNextVa(vm, va);\n    fn(va);\n    va = next;\n  }\n}\n\n/** Calls `fn` for each VA of the VM",
      "fn(va);\n    va = gpuvmNextVa(vm, va);\n  }\n}\n\n/** Calls `fn` for each VA of the VM",
    ],
    [
      "a list walk reads the next one after the body",
      "const next = vas.next(va);\n    fn(va);\n    va = next;",
      "fn(va);\n    va = vas.next(va);",
    ],
    ["the dump has the kernel node", "if (va !== vm.kernelNode) out.push(va);", "out.push(va);"],
  ]),
  ...inFile("exact-space.ts", [
    [
      "a mapping that begins at the last address is missed",
      "v.addr <= end && start <= last(v.addr, v.range)",
      "v.addr < end && start <= last(v.addr, v.range)",
    ],
    [
      "a mapping that ends at the first address is missed",
      "v.addr <= end && start <= last(v.addr, v.range)",
      "v.addr <= end && start < last(v.addr, v.range)",
    ],
    [
      "equal addresses: the new one first",
      "this.vas.findLastIndex((v) => v.addr <= entry.addr)",
      "this.vas.findLastIndex((v) => v.addr < entry.addr)",
    ],
    [
      "inserts over what is there",
      "if (this.query(entry.addr, last(entry.addr, entry.range)) !== undefined) return false;",
      "",
    ],
  ]),
];
