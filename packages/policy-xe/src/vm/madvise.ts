import {
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  DrmExec,
  EINVAL,
  ENOENT,
  type Errno,
  gpuvmForEachVaRange,
  type Steps,
} from "@gpuvm/core";
import { lock, type Madvise, unlock } from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";
import type { XeBo } from "../memory/bo.ts";
import { willneedGet, willneedPut } from "../memory/purgeable.ts";
import type { XeFile } from "../xe-file.ts";
import type { XeVm, XeVma } from "./vm.ts";

/** What a program is told. */
export interface MadviseAnswer {
  readonly ret: Errno;
  /** No object in the range had lost its contents (`purge_state_val.retained_ptr`). */
  readonly retained: boolean;
}

/**
 * Says of the mappings in a range whether their contents are wanted (`xe_vm_madvise_ioctl` with
 * `DRM_XE_VMA_ATTR_PURGEABLE_STATE`). A mapping is told as a whole, even if only part of it lies in the range; where nothing
 * is mapped, nothing happens.
 */
export function* vmMadvise(
  file: XeFile,
  id: number,
  addr: number,
  range: number,
  willneed: boolean,
): Steps<MadviseAnswer> {
  const vm = file.vms.get(id);
  if (vm === undefined || addr % 4096 !== 0 || range % 4096 !== 0 || range === 0)
    return { ret: -EINVAL, retained: true };
  const { dev } = vm.gpuvm;
  vm.gpuvm.get("ioctl");
  yield* lock(dev, vm.lock, "xe_vm_madvise_ioctl");
  let answer: MadviseAnswer = { ret: -ENOENT, retained: true };
  if (!vm.closedOrBanned) {
    const vmas: XeVma[] = [];
    gpuvmForEachVaRange(vm.gpuvm, addr, addr + range, (va) => void vmas.push(vm.vmas[va] as XeVma));
    answer = yield* madviseVmas(vm, vmas, willneed);
  }
  unlock(dev, vm.lock);
  vm.gpuvm.put("ioctl");
  return answer;
}

function* madviseVmas(vm: XeVm, vmas: readonly XeVma[], willneed: boolean): Steps<MadviseAnswer> {
  const exec = new DrmExec(vm.gpuvm.dev, DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES);
  while (exec.untilAllLocked()) {
    for (const { bo } of vmas) {
      if (bo !== null) yield* exec.lockObj(bo);
      if (exec.contended !== null) break;
    }
  }
  let retained = true;
  for (const vma of vmas) if (!madvisePurgeable(vma, willneed)) retained = false;
  exec.fini();
  return { ret: 0, retained };
}

/** `madvise_purgeable`. @returns false if the contents are gone */
function madvisePurgeable(vma: XeVma, willneed: boolean): boolean {
  const { bo } = vma;
  if (bo === null) return true;
  if (bo.madv === "purged") return false;
  if (vma.willneed === willneed) return true;
  vma.willneed = willneed;
  if (willneed) willneedGet(bo);
  else willneedPut(bo);
  return true;
}

/**
 * As a program does it that thinks in objects: the advice for each mapping of the object in the file's VMs.
 *
 * @returns 0, whether or not the contents are still there; -ENOENT for an unknown handle
 */
export function* madviseBo(xe: Xe, file: XeFile, req: Madvise): Steps<Errno> {
  const bo = file.lookup(req.bo, "ioctl");
  if (bo === null) return -ENOENT;
  for (const [id, vm] of [...file.vms]) {
    for (const vma of mappings(vm, bo)) {
      const { start, end } = vma;
      const { ret } = yield* vmMadvise(file, id, start, end - start, req.willneed);
      if (ret !== 0) xe.machine.counts.errors++;
    }
  }
  bo.put("ioctl");
  return 0;
}

function mappings(vm: XeVm, bo: XeBo): XeVma[] {
  return vm.vmas.filter((vma): vma is XeVma => vma !== undefined && vma.bo === bo && !vma.destroyed);
}
