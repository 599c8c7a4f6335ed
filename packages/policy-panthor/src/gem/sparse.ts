import { MIB2 } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import type { PanthorFile } from "../panthor-file.ts";
import { PanthorBo } from "./bo.ts";

/**
 * The 2 MiB object that sparse mappings of a file's VMs lead to, again and again (`panthor_dummy_bo_create`): one for
 * each file, so that nothing leaks between processes. Its memory comes with the first sparse mapping. Null: no memory.
 */
export function makeDummy(panthor: Panthor, file: PanthorFile): PanthorBo | null {
  if (!panthor.machine.dev.mayAlloc("panthor dummy bo")) return null;
  return new PanthorBo(panthor, { size: MIB2, holder: file });
}
