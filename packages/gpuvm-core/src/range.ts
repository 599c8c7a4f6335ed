import type { DrmGpuvm } from "./gpuvm.ts";
import { toBig, type U64 } from "./u64.ts";

/**
 * Whether `[addr, addr + range)` neither wraps nor ends at 2^64, lies in the VM, and does not overlap the kernel
 * node (`drm_gpuvm_range_valid`). A range of 0 is accepted, unless it lies strictly inside the kernel node.
 */
export function gpuvmRangeValid(vm: DrmGpuvm, addr: U64, range: U64): boolean {
  if (vm.exact === null && vm.fits(addr) && vm.fits(range)) return vm.rangeValidFast(addr, range);
  return vm.rangeValidExact(toBig(addr), toBig(range));
}
