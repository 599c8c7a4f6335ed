/**
 * How Xe holds buffer objects: a reference of each VMA beside that of the vm_bo, until the fence of its unbind.
 *
 * @packageDocumentation
 */

export type { XeDriver } from "./driver.ts";
export type { XeGpu } from "./exec/gpu.ts";
export {
  BIND_DUMPABLE,
  BIND_IMMEDIATE,
  BIND_NULL,
  BIND_READONLY,
  CLASS_VM_BIND,
  GEM_DEFER_BACKING,
  VM_FAULT_MODE,
  VM_LR_MODE,
  VM_NO_OVERCOMMIT,
  VM_SCRATCH_PAGE,
} from "./flags.ts";
export { xe } from "./package.ts";
export type { PagefaultAccess } from "./vm/pagefault.ts";
export type { WedgedMode } from "./wedged.ts";
