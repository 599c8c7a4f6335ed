import {
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_GPUVA_OP_MAP,
  DRM_GPUVA_OP_REMAP,
  DRM_GPUVA_OP_UNMAP,
  DrmExec,
  type DrmGpuvmBo,
  EINVAL,
  ENOENT,
  ENOMEM,
  ENOSPC,
  type Errno,
  type GpuvaOps,
  type GpuvaSmOp,
  gpuvaBo,
  gpuvaLink,
  gpuvaOpsFree,
  gpuvaUnlink,
  gpuvmBoExtobjAdd,
  gpuvmBoObtain,
  gpuvmSmMapOpsCreate,
  gpuvmSmUnmapOpsCreate,
  type Steps,
} from "@gpuvm/core";
import { unlock } from "@gpuvm/drm-model";
import { validateForBind } from "../history/bind-validate.ts";
import { freeNoSteps, rememberedRegion, staysDirty } from "../history/unmap-sparse.ts";
import { validateOp } from "./bind-args.ts";
import type { BindJob, BindJobOp } from "./bind-job.ts";
import { objectOf, prepare, unwind } from "./bind-prepare.ts";
import { createRegion, destroyRegion, encloses, validateRegions } from "./bind-regions.ts";
import type { Uvmm } from "./uvmm.ts";

/**
 * The part of a bind that can fail (`nouveau_uvmm_bind_job_submit`): looks everything up, applies it to the tree, locks
 * the objects and brings those to map into the GPU's reach, links. A failure takes all of it back.
 *
 * @returns the locks, under which the fence is to be added; or -errno, and nothing is locked
 */
export function* submitBindJob(uvmm: Uvmm, job: BindJob): Steps<DrmExec | Errno> {
  const { vm } = uvmm;
  const { dev } = vm;
  let ret = yield* lookUp(uvmm, job);
  if (ret === 0) ret = yield* validateRegions(uvmm, job);
  if (ret !== 0) return ret;

  // The changes must appear as one, and be taken back as one.
  if (dev.stopsAt(uvmm.mutex, "nouveau_uvmm_bind_job_submit")) yield dev.point;
  uvmm.mutex.acquire(dev.current);
  let done = 0;
  for (const bop of job.ops) {
    ret = yield* applyOp(uvmm, bop);
    if (ret !== 0) break;
    done++;
  }
  const exec = new DrmExec(dev, DRM_EXEC_IGNORE_DUPLICATES);
  if (ret === 0) ret = yield* lockAndValidate(uvmm, job, exec);
  if (ret !== 0) {
    for (let i = done - 1; i >= 0; i--) unwindOp(uvmm, job.ops[i] as BindJobOp);
    unlock(dev, uvmm.mutex);
    exec.fini();
    return ret;
  }
  for (const bop of job.ops) link(uvmm, bop);
  uvmm.record.applied();
  unlock(dev, uvmm.mutex);
  return exec;
}

/** Objects and links of the maps, which the job holds until its cleanup. */
function* lookUp(uvmm: Uvmm, job: BindJob): Steps<Errno> {
  const { vm, nv } = uvmm;
  const { dev } = vm;
  for (const bop of job.ops) {
    if (bop.kind === "map") {
      const bo = job.cli.lookup(bop.handle, job);
      if (bo === null) return -ENOENT;
      bop.bo = bo;
      if (dev.stopsAt(bo.resv, "nouveau_uvmm_bind_job_submit")) yield dev.point;
      bo.resv.acquire(dev.current);
      const vmBo = gpuvmBoObtain(vm, bo, job);
      unlock(dev, bo.resv);
      if (vmBo === null) return -ENOMEM;
      if (vmBo.refs === 1) nv.machine.counts.vmBosCreated++;
      bop.vmBo = vmBo;
      gpuvmBoExtobjAdd(vmBo);
    }
    const ret = validateOp(uvmm, bop, bop.bo);
    if (ret !== 0) return ret;
  }
  return 0;
}

/** One operation, on the tree. */
function* applyOp(uvmm: Uvmm, bop: BindJobOp): Steps<Errno> {
  const { vm, nv } = uvmm;
  const { dev } = vm;
  const { addr, range } = bop;
  if (dev.stopsFor("alloc", "nouveau_uvmm_bind_job_submit")) yield dev.point;
  if (bop.kind === "unknown") return -EINVAL;
  if (bop.kind === "map_sparse") {
    if (!dev.mayAlloc("nouveau_uvma_region")) return -ENOMEM;
    return createRegion(uvmm, addr, range);
  }
  let steps: GpuvaOps<GpuvaSmOp> | Errno;
  let region = null;
  if (bop.kind === "map") {
    region = uvmm.regions.findFirst(addr, range);
    if (region?.dirty) return -EINVAL;
    if (region !== null && !encloses(region, addr, range)) return -ENOSPC;
    steps = gpuvmSmMapOpsCreate(vm, { addr, range, obj: bop.bo, offset: bop.offset });
  } else {
    if (bop.kind === "unmap_sparse") {
      bop.region = uvmm.regions.find(addr, range);
      if (bop.region === null || bop.region.dirty) {
        bop.region = rememberedRegion(nv, bop.region);
        return -ENOENT;
      }
    }
    steps = gpuvmSmUnmapOpsCreate(vm, addr, range);
  }
  const ret = typeof steps === "number" ? steps : yield* prepare(uvmm, bop, steps, region);
  if (typeof steps !== "number") {
    if (ret === 0) bop.ops = steps;
    else gpuvaOpsFree(vm, steps);
  }
  if (ret !== 0) bop.region = null;
  else if (bop.region !== null) bop.region.dirty = true;
  return ret;
}

/** Takes one operation back. */
function unwindOp(uvmm: Uvmm, bop: BindJobOp): void {
  const { region, ops } = bop;
  if (bop.kind === "map_sparse") {
    destroyRegion(uvmm, bop.addr, bop.range);
    freeNoSteps(uvmm.nv);
  }
  if (region !== null && !staysDirty(uvmm.nv)) region.dirty = false;
  if (ops !== null) {
    unwind(uvmm, bop, ops);
    gpuvaOpsFree(uvmm.vm, ops);
  }
  bop.ops = null;
  bop.region = null;
}

/**
 * Locks the objects of all steps; those of maps and remaps have to be where the GPU can reach them (`bind_lock_validate`).
 * The VM's own dma_resv comes in with a private object, or not at all: the mutex is what serialises.
 */
function* lockAndValidate(uvmm: Uvmm, job: BindJob, exec: DrmExec): Steps<Errno> {
  while (exec.untilAllLocked()) {
    const ret = yield* lockRound(uvmm, job, exec);
    if (exec.contended !== null) continue;
    if (ret !== 0) return ret;
  }
  return 0;
}

function* lockRound(uvmm: Uvmm, job: BindJob, exec: DrmExec): Steps<Errno> {
  const { nv } = uvmm;
  for (const bop of job.ops) {
    if (bop.ops === null) continue;
    for (const op of bop.ops) {
      const bo = objectOf(uvmm, op);
      let ret = yield* exec.prepareObj(bo, 1);
      if (ret !== 0) return ret;
      // What is unmapped need not be brought back.
      if (op.op === DRM_GPUVA_OP_UNMAP) continue;
      ret = yield* validateForBind(nv, bo);
      if (ret !== 0) return ret;
    }
  }
  return 0;
}

/** Links what is new and unlinks what is gone (`bind_link_gpuvas`); nothing fails from here on. */
function link(uvmm: Uvmm, bop: BindJobOp): void {
  const { vm, record } = uvmm;
  if (bop.ops === null) return;
  for (const op of bop.ops) {
    record.step(op);
    if (op.op === DRM_GPUVA_OP_MAP) gpuvaLink(vm, bop.map, bop.vmBo as DrmGpuvmBo);
    else if (op.op === DRM_GPUVA_OP_REMAP) {
      const { prev, next, unmap } = op.remap;
      const vmBo = gpuvaBo(vm, unmap.va) as DrmGpuvmBo;
      if (prev !== null) gpuvaLink(vm, bop.prev, vmBo);
      if (next !== null) gpuvaLink(vm, bop.next, vmBo);
      gpuvaUnlink(vm, unmap.va);
    } else gpuvaUnlink(vm, op.unmap.va);
  }
}
