import {
  type DmaFence,
  DrmExec,
  EINVAL,
  ENOENT,
  ENOMEM,
  EPIPE,
  type Errno,
  type Gpuva,
  gpuvmBoGet,
  isErr,
  type Steps,
  USAGE_READ,
  USAGE_WRITE,
} from "@gpuvm/core";
import {
  countSubmit,
  findFences,
  lock,
  lockInterruptible,
  preempt,
  type RequestOf,
  type SyncOp,
  unlock,
} from "@gpuvm/drm-model";
import { msmContextVm } from "../drv/context-vm.ts";
import type { Msm } from "../drv/device.ts";
import type { MsmFile } from "../drv/file.ts";
import { MSM_SUBMIT_FENCE_FD_IN, MSM_SUBMIT_NO_IMPLICIT } from "../drv/uapi.ts";
import type { MsmBo } from "../gem/bo.ts";
import { lockVm } from "../gem/locks.ts";
import { pinObj, pinVmaLocked, unpinOne } from "../gem/pages.ts";
import type { MsmGemVm } from "../vma/vm.ts";
import { getVmaLocked } from "../vma/vma.ts";
import { vmBoOf } from "../vma/vma-store.ts";
import { destroy, retire } from "./retire.ts";
import { MsmSubmit } from "./submit-state.ts";
import { fenceAndValidate, lockObjectsVmBind } from "./submit-vm-bind.ts";
import { parsePostDeps, processPostDeps } from "./syncobj.ts";

/** What a submit asks beside what traces record. */
export interface SubmitMore {
  /** What its in-fences are. */
  readonly after: readonly DmaFence[];
  /** Listed objects whose fences it does not wait for (`MSM_SUBMIT_BO_NO_IMPLICIT`), by index. */
  readonly noImplicit: ReadonlySet<number>;
  /** Address of its commands, of a program that manages addresses; null: not told. */
  readonly cmdIova: number | null;
}

const NO_SYNCS: readonly SyncOp[] = [];
const NOTHING_MORE: SubmitMore = { after: [], noImplicit: new Set(), cmdIova: null };

/** `MSM_GEM_SUBMIT` (`msm_ioctl_gem_submit`). */
export function* gemSubmit(
  msm: Msm,
  file: MsmFile,
  request: RequestOf<"submit">,
  more: SubmitMore = NOTHING_MORE,
): Steps<Errno> {
  const { ctx } = file;
  const vm = yield* msmContextVm(msm, ctx);
  if (vm === null) return -ENOMEM;
  if (vm.unusable) return -EPIPE;
  const queue = ctx.queues.get(request.queue ?? 0);
  if (queue === undefined) return -ENOENT;
  if (queue.vmBind) return -EINVAL;
  if (!msm.dev.mayAlloc("msm submit")) return -ENOMEM;
  const submit = new MsmSubmit(msm, queue, vm, file.process);
  submit.cmdIova = more.cmdIova;
  return yield* countSubmit(msm.machine, () => underQueueLock(msm, file, submit, request, more));
}

function* underQueueLock(
  msm: Msm,
  file: MsmFile,
  submit: MsmSubmit,
  request: RequestOf<"submit">,
  more: SubmitMore,
): Steps<Errno> {
  const { dev } = msm;
  const { queue } = submit;
  let ret = yield* lockInterruptible(dev, queue.lock, submit.submitter, "msm_ioctl_gem_submit");
  const locked = ret === 0;
  const ops = request.syncOps ?? NO_SYNCS;
  // msm_syncobj_parse_deps
  const after = locked ? findFences(file.syncobjs, ops) : ret;
  if (typeof after === "number") ret = after;
  else ret = parsePostDeps(file.syncobjs, ops);
  if (ret === 0) ret = lookupObjects(file, submit, request);
  if (ret === 0) {
    // From here on the handles may be closed: the objects are held, their mappings are not.
    yield* preempt(dev, "preempt", "submit_lookup_objects");
    const known = typeof after === "number" ? [] : after;
    const behind = more.after.length === 0 ? known : [...more.after, ...known];
    ret = yield* lockPinAndQueue(msm, file, submit, request, more, behind);
  }
  if (ret === 0 && submit.fence !== null) processPostDeps(dev, file.syncobjs, ops, submit.fence);
  if (locked) unlock(dev, queue.lock);
  if (ret !== 0) {
    msm.history.submitFailed(submit.fence !== null && (request.out ?? 0) > 0);
    yield* retire(msm, submit);
    destroy(submit);
  }
  return ret;
}

/** Handles to counted objects (`submit_lookup_objects`). */
function lookupObjects(file: MsmFile, submit: MsmSubmit, request: RequestOf<"submit">): Errno {
  const handles = request.bos ?? [];
  const bos = new Array<MsmBo>(handles.length);
  submit.bos = bos;
  for (let i = 0; i < handles.length; i++) {
    const bo = file.lookup(handles[i] as number, submit);
    if (bo === null) {
      bos.length = i;
      return -EINVAL;
    }
    bos[i] = bo;
  }
  submit.writes.set(request.writes, bos.length);
  return 0;
}

/** Without VM_BIND a command buffer lies in a listed object (`submit_bo`). */
function findCmds({ bos, vm }: MsmSubmit, { cmds }: RequestOf<"submit">): Errno {
  return vm.managed && (cmds ?? 0) > 0 && bos.length === 0 ? -EINVAL : 0;
}

function* lockPinAndQueue(
  msm: Msm,
  file: MsmFile,
  submit: MsmSubmit,
  request: RequestOf<"submit">,
  more: SubmitMore,
  after: DmaFence[],
): Steps<Errno> {
  const { queue, vm } = submit;
  const flags = request.flags ?? 0;
  const exec = vm.managed ? yield* lockObjectsLegacy(msm, submit) : yield* lockObjectsVmBind(msm, submit);
  if (typeof exec === "number") return exec;
  if (
    msm.repairs.has("ask-again") &&
    request.bos?.some((handle, i) => file.handles.get(handle) !== submit.bos[i])
  ) {
    exec.fini();
    return -EINVAL;
  }
  if ((flags & MSM_SUBMIT_FENCE_FD_IN) !== 0) bindFences(submit, after);
  if ((flags & MSM_SUBMIT_NO_IMPLICIT) === 0) implicitFences(submit, more.noImplicit, after);
  let ret = yield* pinObjects(msm, submit);
  if (ret === 0) ret = findCmds(submit, request);
  if (ret === 0) {
    const fence = queue.entity.arm();
    submit.arm(fence, request.fence);
    if (vm.managed) attachFences(submit, fence);
    else ret = yield* fenceAndValidate(msm, vm, exec, fence);
  }
  // On an error, unpin before the locks go.
  if (ret !== 0) {
    submit.abort();
    yield* unpinAll(msm, submit);
  }
  exec.fini();
  if (ret !== 0) return ret;
  if ((request.out ?? 0) > 0) queue.ctx.lastSubmit = submit.fence;
  submit.push(after, request.cmds ?? 1);
  return 0;
}

/** The VM, then each listed object, no duplicates allowed (`submit_lock_objects`). */
function* lockObjectsLegacy(msm: Msm, submit: MsmSubmit): Steps<DrmExec | Errno> {
  const { bos, vm } = submit;
  const exec = new DrmExec(msm.dev);
  exec.interrupt = submit.submitter;
  while (exec.untilAllLocked()) {
    let ret = yield* lockVm(msm, exec, vm);
    if (exec.contended !== null) continue;
    if (ret === 0) ret = yield* exec.prepareArray(bos, 1);
    if (exec.contended !== null || ret === 0) continue;
    exec.fini();
    return ret;
  }
  msm.dev.current.objects = bos.length;
  return exec;
}

/** The out-fences of the program's binds, which it merged and passed in. */
function bindFences(submit: MsmSubmit, after: DmaFence[]): void {
  for (const { lastBind } of submit.queue.ctx.queues.values())
    if (lastBind !== null && !lastBind.signaled) after.push(lastBind);
}

/** What implicit synchronisation waits for (`submit_fence_sync`): for readers the writers, for writers everybody. */
function implicitFences(submit: MsmSubmit, without: ReadonlySet<number>, after: DmaFence[]): void {
  const { bos } = submit;
  const add = (fence: DmaFence) => {
    // Neighbours in the list nearly always have the same.
    if (!fence.signaled && fence !== after[after.length - 1] && !after.includes(fence)) after.push(fence);
  };
  const all = without.size === 0;
  for (let i = 0; i < bos.length; i++) {
    if (!all && without.has(i)) continue;
    (bos[i] as MsmBo).resv.each(submit.writes.has(i) ? USAGE_READ : USAGE_WRITE, add);
  }
}

/** A VMA, pages and page-table entries for each listed object, and a pin until the ring (`submit_pin_objects`). */
function* pinObjects(msm: Msm, submit: MsmSubmit): Steps<Errno> {
  const { dev } = msm;
  const { bos, vm } = submit;
  yield* preempt(dev, "alloc", "submit_pin_objects");
  let ret: Errno = 0;
  for (let i = 0; i < bos.length && ret === 0; i++) ret = pinObject(msm, submit, vm, i);
  yield* lock(dev, msm.lruLock, "submit_pin_objects");
  for (let i = 0; i < bos.length; i++) pinObj(bos[i] as MsmBo);
  unlock(dev, msm.lruLock);
  submit.pinned = true;
  return ret;
}

function pinObject(msm: Msm, submit: MsmSubmit, vm: MsmGemVm, i: number): Errno {
  const bo = submit.bos[i] as MsmBo;
  // A VM_BIND VM maps what was bound, and nothing else.
  const va = vm.managed ? getVmaLocked(msm, bo, vm) : ownVma(msm, bo, vm);
  if (isErr(va)) return va;
  const ret = pinVmaLocked(msm, bo, vm, va);
  if (ret !== 0) return ret;
  submit.usesNext();
  if (bo.toldIn === vm && bo.toldIova !== vm.vas.addr(va)) iovaMoved(msm, bo, vm.vas.addr(va));
  if (msm.rules.submitHoldsVmBo) {
    const vmBo = vmBoOf(bo, vm);
    if (vmBo !== null) {
      submit.vmBos[i] = gpuvmBoGet(vmBo, submit) as typeof vmBo;
      vmBo.requests++;
    }
  }
  return 0;
}

/** Only what the VM maps is locked. */
function ownVma(msm: Msm, bo: MsmBo, vm: MsmGemVm): Gpuva | Errno {
  return (bo.resv.owner === msm.dev.current && msm.vmas.find(bo, vm)) || -EINVAL;
}

/** The mapping was taken away and made again elsewhere: the program's commands still have the old address. */
function iovaMoved(msm: Msm, bo: MsmBo, iova: number): void {
  const told = `the program was told 0x${bo.toldIova.toString(16)}`;
  msm.machine.hazard("gpu-fault", bo.name, `${bo.name} is submitted at 0x${iova.toString(16)}, but ${told}`);
  bo.toldIn = null;
}

/** On each listed object, as a reader or a writer (`submit_attach_object_fences`). */
function attachFences(submit: MsmSubmit, fence: DmaFence): void {
  const { bos } = submit;
  for (let i = 0; i < bos.length; i++) {
    const { resv } = bos[i] as MsmBo;
    resv.addFence(fence, submit.writes.has(i) ? USAGE_WRITE : USAGE_READ);
  }
}

/** `submit_unpin_objects`. */
function* unpinAll(msm: Msm, submit: MsmSubmit): Steps<void> {
  if (!submit.pinned) return;
  for (const bo of submit.bos) yield* unpinOne(msm, bo);
  submit.pinned = false;
}
