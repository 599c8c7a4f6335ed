import {
  type DmaFence,
  DRM_EXEC_IGNORE_DUPLICATES,
  DRM_EXEC_INTERRUPTIBLE_WAIT,
  EINVAL,
  ENOMEM,
  type Errno,
  GpuvmExec,
  gpuvmValidate,
  type Steps,
  USAGE_BOOKKEEP,
  USAGE_WRITE,
} from "@gpuvm/core";
import { type CommandRange, countSubmit, type Exec, noteUse } from "@gpuvm/drm-model";
import { type Panthor, vmActive } from "./device.ts";
import type { PanthorGroup } from "./group.ts";
import type { PanthorFile } from "./panthor-file.ts";

/** One command buffer without contents: a job that only waits and signals. */
const NO_PUSH: readonly CommandRange[] = [[0, 0]];

/** `panthor_ioctl_group_submit`: a job for each command buffer; everything mapped in the group's VM is in use. */
export function* groupSubmit(panthor: Panthor, file: PanthorFile, req: Exec): Steps<Errno> {
  const group = file.groups.get(req.queue ?? 0);
  if (group === undefined || group.destroyed) return -EINVAL;
  group.kref.get("ioctl");
  let objects = 0;
  const push = req.push === undefined || req.push.length === 0 ? NO_PUSH : req.push;
  const ret = yield* countSubmit(
    panthor.machine,
    () =>
      submit(panthor, group, push, (n) => {
        objects = n;
      }),
    () => objects,
  );
  group.kref.put("ioctl");
  return ret;
}

/** A job (`struct panthor_job`): holds its group until it is retired. */
interface Job {
  readonly name: string;
  readonly fence: DmaFence;
  readonly work: boolean;
}

function* submit(
  panthor: Panthor,
  group: PanthorGroup,
  push: readonly CommandRange[],
  counted: (n: number) => void,
): Steps<Errno> {
  const { gen } = panthor;
  const { vm } = group;
  const jobs: Job[] = [];
  let ret: Errno = 0;
  for (const [, bytes] of push) {
    const job = newJob(panthor, group, bytes > 0);
    if (job === null) ret = -ENOMEM;
    else jobs.push(job);
  }
  // `panthor_vm_prepare_mapped_bos_resvs`
  const vmExec = new GpuvmExec(
    vm.gpuvm,
    DRM_EXEC_INTERRUPTIBLE_WAIT | DRM_EXEC_IGNORE_DUPLICATES,
    push.length,
  );
  if (gen.evictable) vmExec.extra = (exec) => gpuvmValidate(vm.gpuvm, exec);
  if (ret === 0) ret = yield* vmExec.lock();
  if (ret !== 0) {
    for (const job of jobs) group.kref.put(job.name);
    return ret;
  }
  counted(vmExec.exec?.objects.length ?? 0);
  vmActive(panthor, vm);
  vm.lastUse = panthor.machine.dev.serial();
  const settled = !vm.destroyed && !vm.unusable;
  for (const job of jobs) {
    group.pending.set(job.fence.seqno, job.fence);
    vmExec.addFence(job.fence, USAGE_BOOKKEEP, panthor.defects.has("PA9") ? USAGE_WRITE : USAGE_BOOKKEEP);
    panthor.engine.submit({
      fence: job.fence,
      after: [],
      work: job.work,
      uses: job.work
        ? noteUse(panthor.machine, job.fence, { vm: vm.record, keeps: "pages", settled })
        : undefined,
      retire: () => retire(group, job),
    });
  }
  vmExec.unlock();
  return 0;
}

function* retire(group: PanthorGroup, job: Job): Steps<void> {
  group.pending.delete(job.fence.seqno);
  group.kref.put(job.name);
}

function newJob(panthor: Panthor, group: PanthorGroup, work: boolean): Job | null {
  const { machine } = panthor;
  if (!machine.dev.mayAlloc("panthor job")) return null;
  const fence = machine.fence(group.context, ++group.seqno);
  const name = machine.dev.ledger === null ? "" : `submit#${machine.dev.serial()}`;
  group.kref.get(name);
  return { name, fence, work };
}
