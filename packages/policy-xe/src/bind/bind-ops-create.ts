import {
  DrmExec,
  ENOMEM,
  type Errno,
  type GpuvaOps,
  gpuvmBoObtain,
  gpuvmBoPut,
  gpuvmBoUnmapOpsCreate,
  gpuvmPrefetchOpsCreate,
  gpuvmSmMapOpsCreate,
  gpuvmSmUnmapOpsCreate,
  type Steps,
} from "@gpuvm/core";
import type { BindOp } from "@gpuvm/drm-model";
import type { XeBo } from "../memory/bo.ts";
import type { XeVm } from "../vm/vm.ts";

/** What the core makes of one bind (`vm_bind_ioctl_ops_create`): an empty list where there is nothing to do. */
export function* opsCreate(vm: XeVm, bind: BindOp, bo: XeBo | null): Steps<GpuvaOps | Errno> {
  const { gpuvm } = vm;
  const { va: addr, length: range } = bind;
  switch (bind.kind) {
    case "unmap":
      return gpuvmSmUnmapOpsCreate(gpuvm, addr, range);
    case "prefetch":
      return gpuvmPrefetchOpsCreate(gpuvm, addr, range);
    case "unmap_all":
      return yield* unmapAll(vm, bo as XeBo);
    default: {
      const offset = bo === null && bind.kind !== "map_userptr" ? 0 : bind.boOffset;
      return gpuvmSmMapOpsCreate(gpuvm, { addr, range, obj: bo, offset });
    }
  }
}

/** A vm_bo is taken, or made, only to list its VMAs. */
function* unmapAll(vm: XeVm, bo: XeBo): Steps<GpuvaOps | Errno> {
  const { gpuvm } = vm;
  const exec = new DrmExec(gpuvm.dev);
  while (exec.untilAllLocked()) {
    yield* exec.lockObj(gpuvm.rObj);
    if (exec.contended !== null) continue;
    if (bo.vm === null) yield* exec.lockObj(bo);
  }
  const had = bo.gpuva.length;
  const vmBo = gpuvmBoObtain(gpuvm, bo, "ioctl");
  if (bo.gpuva.length > had) bo.machine.counts.vmBosCreated++;
  const ops = vmBo === null ? -ENOMEM : gpuvmBoUnmapOpsCreate(vmBo);
  gpuvmBoPut(vmBo, "ioctl");
  exec.fini();
  return ops;
}
