import {
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_UNMAP,
  type DrmGpuvmBo,
  type Errno,
  type Gpuva,
  type GpuvaOp,
  type GpuvaOpMap,
  type GpuvaOpRemap,
  type GpuvaOpUnmap,
  gpuvaBo,
  gpuvaLink,
  gpuvaMap,
  gpuvaObj,
  gpuvaOpRemapToUnmapRange,
  gpuvaRemap,
  gpuvaRemove,
  gpuvaUnlink,
} from "@gpuvm/core";
import { rulesOf } from "../history/rules.ts";
import type { BindOp } from "./bind-op.ts";
import type { PvrVmContext } from "./vm-context.ts";

/** `pvr_vm_gpuva_map`: entries first, then the VA. */
export function stepMap(op: GpuvaOpMap, bind: BindOp): Errno {
  const { vm, pvr } = bind.ctx;
  const ret = rulesOf(pvr).mapEntries(bind, op.map);
  if (ret !== 0) return ret;
  count(bind, op);
  gpuvaMap(vm, bind.newVa, op.map);
  gpuvaLink(vm, bind.newVa, bind.vmBo as DrmGpuvmBo);
  bind.newVa = 0;
  return 0;
}

/** `pvr_vm_gpuva_unmap`. */
export function stepUnmap(op: GpuvaOpUnmap, bind: BindOp): Errno {
  const { ctx } = bind;
  const { vm } = ctx;
  const { va } = op.unmap;
  count(bind, op);
  bind.mmu?.unmap(vm.vas.addr(va), vm.vas.range(va));
  gpuvaRemove(vm, va);
  unlinkAndFree(ctx, va);
  return 0;
}

/**
 * `pvr_vm_gpuva_remap`: only the hole is unmapped; the pieces' entries stay as they are, of 4 KiB at a fixed depth.
 * The pieces belong to the object of the mapping that is cut.
 */
export function stepRemap(op: GpuvaOpRemap, bind: BindOp): Errno {
  const { ctx } = bind;
  const { vm, pvr } = ctx;
  const { remap } = op;
  const { va } = remap.unmap;
  count(bind, op);
  const hole = gpuvaOpRemapToUnmapRange(vm, remap);
  bind.mmu?.unmap(hole.start, hole.range);
  const owner = rulesOf(pvr).ownerOfPieces(bind, gpuvaBo(vm, va)) as DrmGpuvmBo;
  rulesOf(pvr).edit(ctx, gpuvaObj(vm, va), () => {
    gpuvaRemap(vm, bind.prevVa, bind.nextVa, remap);
    if (remap.prev !== null) {
      rulesOf(pvr).linkPiece(ctx, bind.prevVa, owner);
      bind.prevVa = 0;
    }
    if (remap.next !== null) {
      rulesOf(pvr).linkPiece(ctx, bind.nextVa, owner);
      bind.nextVa = 0;
    }
  });
  unlinkAndFree(ctx, va);
  return 0;
}

function unlinkAndFree(ctx: PvrVmContext, va: Gpuva): void {
  const { vm, pvr } = ctx;
  rulesOf(pvr).edit(ctx, gpuvaObj(vm, va), () => gpuvaUnlink(vm, va));
  rulesOf(pvr).freeVa(ctx, va);
}

function count({ ctx, by }: BindOp, op: GpuvaOp): void {
  const { record } = ctx;
  if (by === "program") record.step(op);
  else if (op.op === DRM_GPUVA_OP_MAP) record.mapped(op.map.range);
  else if (op.op === DRM_GPUVA_OP_UNMAP) record.torn(ctx.vm.vas.range(op.unmap.va));
}
