import { ENODEV, type Errno } from "./errno.ts";
import { gpuvaExact } from "./gpuva.ts";
import type { DrmGpuvm, DrmGpuvmBo } from "./gpuvm.ts";
import { PAGE, toBig, type U64, U64_SPACE } from "./u64.ts";
import type { Gpuva } from "./va.ts";

/**
 * The lowest VA, the kernel node included, that overlaps `[addr, addr + range)` (`drm_gpuva_find_first`). With a range
 * of 0 the query's last address is `addr - 1`, modulo 2^64. No lock is checked.
 */
export function gpuvaFindFirst(vm: DrmGpuvm, addr: U64, range: U64): Gpuva {
  if (vm.exact !== null || !vm.fits(addr) || !vm.fits(range)) return findFirstBig(vm, addr, range);
  const { index } = vm;
  index.key = addr;
  index.bound = limit(addr, range);
  return index.firstOverlap();
}

function findFirstBig(vm: DrmGpuvm, addr: U64, range: U64): Gpuva {
  const start = toBig(addr);
  if (vm.exact !== null) return vm.exact.findFirst(start, toBig(range))?.va ?? 0;
  return queryBig(vm, start, BigInt.asUintN(64, start + toBig(range) - 1n));
}

/** The VA that has exactly this address and range, or 0 (`drm_gpuva_find`). */
export function gpuvaFind(vm: DrmGpuvm, addr: U64, range: U64): Gpuva {
  const va = gpuvaFindFirst(vm, addr, range);
  if (va === 0) return 0;
  if (vm.exact === null && vm.fits(addr) && vm.fits(range))
    return vm.vas.addr(va) === addr && vm.vas.range(va) === range ? va : 0;
  const exact = gpuvaExact(vm, va);
  return exact.addr === toBig(addr) && exact.range === toBig(range) ? va : 0;
}

/**
 * The lowest VA that covers `start - 1` *or* `start` (`drm_gpuva_find_prev`): it looks at two units, as the kernel's
 * code does and its documentation does not. 0 if `start - 1` is not a valid address.
 */
export function gpuvaFindPrev(vm: DrmGpuvm, start: U64): Gpuva {
  return neighbour(vm, BigInt.asUintN(64, toBig(start) - 1n));
}

/** The lowest VA that covers `end` *or* `end + 1` (`drm_gpuva_find_next`). 0 if `end` is not a valid address. */
export function gpuvaFindNext(vm: DrmGpuvm, end: U64): Gpuva {
  return neighbour(vm, toBig(end));
}

/** The lowest VA that covers `at` or `at + 1`, if `at` is valid. */
function neighbour(vm: DrmGpuvm, at: bigint): Gpuva {
  if (!vm.rangeValidExact(at, 1n)) return 0;
  const last = BigInt.asUintN(64, at + 1n);
  return vm.exact === null ? queryBig(vm, at, last) : (vm.exact.query(at, last)?.va ?? 0);
}

/** A query with any numbers on the fast index: a question never changes how a VM keeps its mappings. */
function queryBig(vm: DrmGpuvm, start: bigint, last: bigint): Gpuva {
  const { vas, index } = vm;
  index.key = Number(start);
  let before = index.floor();
  // The nearest double may lie above: then the mapping it found starts behind, and one further down may cover it.
  if (before !== 0 && BigInt(vas.addr(before)) > start) {
    index.key = vas.addr(before) - PAGE;
    before = index.floor();
  }
  const va = before !== 0 && BigInt(vas.end(before)) > start ? before : index.nextId();
  return va !== 0 && BigInt(vas.addr(va)) <= last ? va : 0;
}

/** Whether no VA, nor the kernel node, overlaps the range (`drm_gpuvm_interval_empty`). */
export function gpuvmIntervalEmpty(vm: DrmGpuvm, addr: U64, range: U64): boolean {
  return gpuvaFindFirst(vm, addr, range) === 0;
}

/** The first VA in address order, the kernel node included, or 0. */
export function gpuvmFirstVa(vm: DrmGpuvm): Gpuva {
  if (vm.exact !== null) return vm.exact.vas[0]?.va ?? 0;
  vm.index.rewind();
  return vm.index.advance();
}

/** The VA behind `va` in address order, or 0. `va` must be in the tree. */
export function gpuvmNextVa(vm: DrmGpuvm, va: Gpuva): Gpuva {
  if (vm.exact !== null) return vm.exact.after(va)?.va ?? 0;
  return vm.index.after(va);
}

/**
 * Calls `fn` for each VA that overlaps `[start, end)`, ascending (`drm_gpuvm_for_each_va_range_safe`): the next VA is
 * read before the call, so `fn` may remove its VA. The first may begin before `start`, the last may end after `end`.
 */
export function gpuvmForEachVaRange(vm: DrmGpuvm, start: U64, end: U64, fn: (va: Gpuva) => void): void {
  const from = toBig(start);
  const to = toBig(end);
  let va = gpuvaFindFirst(
    vm,
    start,
    typeof start === "number" && typeof end === "number" ? end - start : to - from,
  );
  while (va !== 0 && gpuvaExact(vm, va).addr < to) {
    const next = gpuvmNextVa(vm, va);
    fn(va);
    va = next;
  }
}

/** Calls `fn` for each VA of the VM, the kernel node included, ascending (`drm_gpuvm_for_each_va_safe`). */
export function gpuvmForEachVa(vm: DrmGpuvm, fn: (va: Gpuva) => void): void {
  // In the tree until numbers come for which there are only bigints.
  for (let va = vm.exact === null ? vm.index.each(fn) : gpuvmFirstVa(vm); va !== 0; ) {
    const next = gpuvmNextVa(vm, va);
    fn(va);
    va = next;
  }
}

/** Calls `fn` for each VA of a vm_bo in the order of linking (`drm_gpuvm_bo_for_each_va_safe`); `fn` may unlink it. */
export function gpuvmBoForEachVa(vmBo: DrmGpuvmBo, fn: (va: Gpuva) => void): void {
  const { vas } = vmBo.vm;
  for (let va = vmBo.vaHead; va !== 0; ) {
    const next = vas.next(va);
    fn(va);
    va = next;
  }
}

/** All VAs but the kernel node, ascending: what debugfs prints (`drm_debugfs_gpuva_info`); -ENODEV for a dead VM. */
export function gpuvmDump(vm: DrmGpuvm): Gpuva[] | Errno {
  if (vm.label === null) return -ENODEV;
  const out: Gpuva[] = [];
  gpuvmForEachVa(vm, (va) => {
    if (va !== vm.kernelNode) out.push(va);
  });
  return out;
}

/** The first address that no match may start at or behind: the query's last address, plus one. @internal */
export function limit(addr: number, range: number): number {
  let end = addr + range;
  if (end >= U64_SPACE) end -= U64_SPACE;
  return end === 0 ? Number.POSITIVE_INFINITY : end;
}
