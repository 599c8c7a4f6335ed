import { EFAULT, EINVAL, EIO, ENOENT, type Errno, ETIME, type Steps } from "@gpuvm/core";
import { type WaitFence, waitUntilInterruptible } from "@gpuvm/drm-model";
import type { Xe } from "../device.ts";
import { XeQueue } from "../exec/exec-queue.ts";
import type { XeFile } from "../xe-file.ts";

/**
 * `xe_wait_user_fence_ioctl`, for equality: waits until a word of the program's memory has a value.
 *
 * @returns 0; -EIO: the queue takes no more work; -ETIME; -EFAULT: there is no memory; -ERESTARTSYS; -EINVAL, -ENOENT
 */
export function* waitUserFence(xe: Xe, file: XeFile, req: WaitFence, addr: number): Steps<Errno> {
  if (addr % 8 !== 0) return -EINVAL;
  const queue = req.queue === undefined || req.queue === 0 ? null : file.queues.get(req.queue);
  if (queue === undefined) return -ENOENT;
  queue?.kref.get("ioctl");
  const ret = yield* wait(xe, file, queue instanceof XeQueue ? queue : null, req, addr);
  queue?.kref.put("ioctl");
  return ret;
}

function* wait(
  { machine }: Xe,
  { process: program }: XeFile,
  queue: XeQueue | null,
  { fence, timeout }: WaitFence,
  addr: number,
): Steps<Errno> {
  const clock = { expired: timeout === 0 };
  const timer =
    timeout === undefined || timeout === 0
      ? null
      : machine.timers.add(machine.now + timeout, () => {
          clock.expired = true;
        });
  const compared = () => doCompare(program.memory.read(addr), fence);
  const until = () => compared() !== 1 || queue?.reset === true || clock.expired;
  const err = yield* waitUntilInterruptible(machine.dev, until, program, "xe_wait_user_fence_ioctl");
  if (timer !== null) machine.timers.cancel(timer);
  const ret = compared();
  if (ret !== 1) return ret;
  if (err !== 0) return err;
  return queue?.reset === true ? -EIO : -ETIME;
}

/** `do_compare`. @returns 0 if it has the value, 1 if not, or -EFAULT */
function doCompare(word: number | null, value: number): number {
  if (word === null) return -EFAULT;
  return word === value ? 0 : 1;
}
