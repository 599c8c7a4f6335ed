import type { Errno, Steps } from "@gpuvm/core";
import { ENOMEM } from "@gpuvm/core";
import { MIB2, preempt } from "@gpuvm/drm-model";
import { PanthorBo } from "./bo.ts";
import type { Panthor } from "./device.ts";
import type { PanthorFile } from "./panthor-file.ts";
import type { PanthorVm } from "./vm.ts";

/**
 * The 2 MiB object that sparse mappings of a file's VMs lead to, again and again. The file holds it, and so does each
 * VM that uses it, as a VM may outlive the file. It is made when the first sparse mapping is.
 *
 * @returns the object, or -ENOMEM
 */
export function* sparseDummy(panthor: Panthor, file: PanthorFile, vm: PanthorVm): Steps<PanthorBo | Errno> {
  const { dev } = panthor.machine;
  if (file.dummy === null) {
    yield* preempt(dev, "alloc", "panthor_sparse_dummy");
    if (!dev.mayAlloc("panthor bo")) return -ENOMEM;
    file.dummy ??= new PanthorBo(panthor, MIB2, null, file);
  }
  if (vm.dummy === null) vm.dummy = file.dummy.get(vm.gpuvm);
  return vm.dummy;
}
