import {
  type DrmDevice,
  EINVAL,
  ENOMEM,
  type Errno,
  type Gpuva,
  type GpuvaOpMap,
  type GpuvaOpRemap,
  type GpuvaOpUnmap,
  gpuvaAlloc,
  gpuvaBo,
  gpuvaFree,
  gpuvaInitFromOp,
  gpuvaInsert,
  gpuvaLink,
  gpuvaObj,
  gpuvaOpRemapToUnmapRange,
  gpuvaRemove,
  gpuvmBoEvict,
  gpuvmBoExtobjAdd,
  gpuvmBoGet,
  gpuvmBoObtain,
  gpuvmBoPut,
  isErr,
  type OpMap,
} from "@gpuvm/core";
import type { Msm } from "../drv/device.ts";
import { MSM_VM_BIND_OP_DUMP } from "../drv/uapi.ts";
import type { MsmBo } from "../gem/bo.ts";
import type { JobOp, MsmVmBindJob } from "./bind-job.ts";
import { VMA_DUMP, VMA_MAPPED } from "./vm.ts";
import { vmaClose } from "./vma.ts";

/** Holder of references that do not outlive the call. */
const IOCTL = "ioctl";

function dumpFlag(op: JobOp | null): number {
  return op !== null && (op.flags & MSM_VM_BIND_OP_DUMP) !== 0 ? VMA_DUMP : 0;
}

/** `msm_gem_vm_sm_step_map`: a VMA now, its page-table entries in the job. */
export function smStepMap(msm: Msm, op: GpuvaOpMap, job: MsmVmBindJob): Errno {
  const { vm } = job;
  vm.record.step(op);
  if (job.kept) return 0;
  const { obj, addr, range, offset } = op.map;
  const va = vmaFromOp(msm, job, op.map);
  if (isErr(va)) return va;
  vm.vas.setFlags(va, VMA_MAPPED | dumpFlag(job.current));
  job.enqueue({ map: true, iova: addr, range, bo: obj as MsmBo | null, offset });
  return 0;
}

/** `msm_gem_vm_sm_step_remap`: only the hole is unmapped; the pieces are new VMAs over entries that stay. */
export function smStepRemap(msm: Msm, op: GpuvaOpRemap, job: MsmVmBindJob): Errno {
  const { vm } = job;
  const { remap } = op;
  const { va } = remap.unmap;
  vm.record.step(op);
  const bo = gpuvaObj(vm, va) as MsmBo | null;
  const flags = vm.vas.flags(va);
  const mapped = (flags & VMA_MAPPED) !== 0;
  // The link may be on the evict list, which it must not leave.
  const vmBo = gpuvaBo(vm, va);
  if (vmBo !== null) gpuvmBoGet(vmBo, IOCTL);
  if (mapped) {
    const hole = gpuvaOpRemapToUnmapRange(vm, remap);
    job.enqueue({ map: false, iova: hole.start, range: hole.range, bo, offset: 0 });
  }
  vmaClose(msm, vm, va, bo);
  for (const piece of [remap.prev, remap.next]) {
    if (piece === null) continue;
    const made = vmaFromOp(msm, job, piece);
    if (isErr(made)) {
      gpuvmBoPut(vmBo, IOCTL);
      return made;
    }
    vm.vas.setFlags(made, flags);
  }
  if (!mapped && vmBo !== null) gpuvmBoEvict(vmBo, true);
  gpuvmBoPut(vmBo, IOCTL);
  return 0;
}

/** `msm_gem_vm_sm_step_unmap`. What is mapped exactly as asked stays, with new flags: no entry is touched. */
export function smStepUnmap(msm: Msm, op: GpuvaOpUnmap, job: MsmVmBindJob): Errno {
  const { vm } = job;
  const { va, keep } = op.unmap;
  const { vas } = vm;
  vm.record.step(op);
  const bo = gpuvaObj(vm, va) as MsmBo | null;
  const flags = vas.flags(va);
  const asked = job.current as JobOp;
  if (keep && asked.kind === "map" && isExactly(job, va, bo, asked)) {
    job.kept = true;
    vas.setFlags(va, (flags & ~VMA_DUMP) | dumpFlag(asked));
    return 0;
  }
  if ((flags & VMA_MAPPED) !== 0)
    job.enqueue({ map: false, iova: vas.addr(va), range: vas.range(va), bo, offset: 0 });
  vmaClose(msm, vm, va, bo);
  return 0;
}

function isExactly(job: MsmVmBindJob, va: Gpuva, bo: MsmBo | null, asked: JobOp): boolean {
  const { vas } = job.vm;
  return (
    bo === asked.bo &&
    vas.addr(va) === asked.iova &&
    vas.range(va) === asked.range &&
    vas.offset(va) === asked.boOffset
  );
}

/** A VMA in the tree, linked (`vma_from_op`, `msm_gem_vma_new`). Private objects of other VMs are refused only here. */
function vmaFromOp(msm: Msm, job: MsmVmBindJob, op: OpMap): Gpuva | Errno {
  const { dev, machine } = msm;
  const { vm } = job;
  const bo = op.obj as MsmBo | null;
  if (bo !== null && !msm.history.mayBeMapped(bo, vm)) return -EINVAL;
  // There is no way back: from the first unmap on small allocations are taken not to fail.
  const mayFail = job.vmOps.every(({ map }) => map);
  if (mayFail && !dev.mayAlloc("msm vma")) return -ENOMEM;
  const va = gpuvaAlloc(vm);
  gpuvaInitFromOp(vm, va, op);
  const ret = gpuvaInsert(vm, va);
  if (ret !== 0) {
    gpuvaFree(vm, va);
    return ret;
  }
  if (bo !== null) {
    const vmBo = mayFail ? gpuvmBoObtain(vm, bo, IOCTL) : unfailing(dev, () => gpuvmBoObtain(vm, bo, IOCTL));
    if (vmBo === null) {
      gpuvaRemove(vm, va);
      gpuvaFree(vm, va);
      return -ENOMEM;
    }
    gpuvmBoExtobjAdd(vmBo);
    gpuvaLink(vm, va, vmBo);
    gpuvmBoPut(vmBo, IOCTL);
  }
  machine.counts.vasCreated++;
  return va;
}

/** Does something in which no allocation is made to fail. */
function unfailing<T>(dev: DrmDevice, fn: () => T): T {
  const { failAlloc } = dev;
  dev.failAlloc = null;
  try {
    return fn();
  } finally {
    dev.failAlloc = failAlloc;
  }
}
