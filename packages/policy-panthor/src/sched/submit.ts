import {
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  type DrmExec,
  type Errno,
  type Gpuva,
  GpuvmExec,
  gpuvmValidate,
  type Steps,
  USAGE_BOOKKEEP,
  USAGE_WRITE,
} from "@gpuvm/core";
import { countSubmit, type Exec, noteUse, type SchedFence, type SyncOp } from "@gpuvm/drm-model";
import type { Panthor } from "../device.ts";
import { VA_INTERNAL } from "../flags.ts";
import type { PanthorFile } from "../panthor-file.ts";
import type { PanthorGroup, PanthorJob } from "./group.ts";
import { createJob, putJob, type QueueSubmit } from "./job.ts";
import { SubmitSyncs } from "./sync.ts";

/** A job of a call, with what it waits for and signals. */
export interface SubmitEntry extends QueueSubmit {
  readonly syncs: readonly SyncOp[];
  /** Null: it is not made yet. */
  job: PanthorJob | null;
}

const NOTHING: readonly SyncOp[] = [];

/** `panthor_ioctl_group_submit`: a job for each command buffer; everything mapped in the group's VM is in use. */
export function* groupSubmit(panthor: Panthor, file: PanthorFile, req: Exec): Steps<Errno> {
  const push = req.push === undefined || req.push.length === 0 ? ([[0, 0]] as const) : req.push;
  const entries = push.map((range, i) => ({
    queue: range[2] ?? 0,
    addr: range[0],
    bytes: range[1],
    syncs: req.syncOps?.[i] ?? NOTHING,
    job: null,
  }));
  const group = file.groups.get(req.queue ?? 0);
  return yield* countSubmit(panthor.machine, () => submit(panthor, file, group, entries));
}

function* submit(
  panthor: Panthor,
  file: PanthorFile,
  group: PanthorGroup | undefined,
  entries: readonly SubmitEntry[],
): Steps<Errno> {
  const syncs = new SubmitSyncs(file);
  let ret: Errno = 0;
  for (const entry of entries) {
    const job = createJob(panthor, group, entry);
    if (typeof job === "number") {
      ret = job;
      break;
    }
    entry.job = job;
  }
  for (const entry of entries) if (ret === 0) ret = syncs.collect(entry.syncs);
  if (ret === 0 && group !== undefined) ret = yield* arm(panthor, group, entries, syncs);
  syncs.free();
  // What was not pushed goes here and now (`panthor_submit_ctx_cleanup`).
  if (ret !== 0) for (const { job } of entries) if (job !== null) putJob(panthor, job, job.scheduled);
  return ret;
}

/** Locks everything that is mapped, and hands the jobs over (`panthor_vm_prepare_mapped_bos_resvs` and on). */
function* arm(
  panthor: Panthor,
  group: PanthorGroup,
  entries: readonly SubmitEntry[],
  syncs: SubmitSyncs,
): Steps<Errno> {
  const { vm } = group;
  const flags = DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES;
  const vmExec = new GpuvmExec(vm.gpuvm, flags, entries.length);
  if (panthor.gen.evictable) vmExec.extra = validate;
  let ret = yield* vmExec.lock();
  if (ret !== 0) return ret;
  panthor.machine.dev.current.objects = vmExec.exec?.objects.length ?? 0;
  for (const entry of entries) {
    const job = entry.job as PanthorJob;
    ret = syncs.addDependencies(job, entry.syncs);
    if (ret !== 0) break;
    job.arm();
    syncs.signals(job, entry.syncs);
  }
  if (ret === 0) {
    for (let i = 0; i < entries.length; i++) {
      const job = entries[i]?.job as PanthorJob;
      panthor.onPush?.(job, i);
      pushJob(panthor, vmExec, job);
    }
    syncs.push();
  }
  vmExec.unlock();
  return ret;
}

function validate(exec: DrmExec, { vm }: GpuvmExec): Steps<Errno> {
  return gpuvmValidate(vm, exec);
}

function pushJob(panthor: Panthor, vmExec: GpuvmExec, job: PanthorJob): void {
  const { machine, defects } = panthor;
  const { vm } = job.group;
  const { base } = (job.fence as SchedFence).finished;
  vmExec.addFence(base, USAGE_BOOKKEEP, defects.has("PA9") ? USAGE_WRITE : USAGE_BOOKKEEP);
  if (job.work && machine.options.watch === true) {
    const settled = !vm.destroyed && !vm.unusable;
    // The driver's own objects in the VM are other groups', or the firmware looks after them.
    const skips = (va: Gpuva) => (vm.gpuvm.vas.flags(va) & VA_INTERNAL) !== 0;
    job.uses = noteUse(machine, base, { vm: vm.record, keeps: "pages", own: true, skips, settled });
  }
  const { group } = job;
  group.submitted.add(++group.jobs, base);
  job.queue.entity.push(job, group);
}
